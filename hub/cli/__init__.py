"""The command line: parse, load settings, call one function of `hub.commands`, print, map errors to exit codes."""
