"""A state repository as it was observed."""
