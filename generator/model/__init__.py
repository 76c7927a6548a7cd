"""The shapes of files people and machines write."""
