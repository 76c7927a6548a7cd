"""Writing requests to the state repository, together."""
