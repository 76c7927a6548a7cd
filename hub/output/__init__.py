"""What is printed, and exit codes."""
