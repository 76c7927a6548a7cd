"""Messages in pull requests on any forge: a comment, and a commit status. Forges implement `places.Requests`."""
