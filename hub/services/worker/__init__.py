"""The worker: jobs become commits, by one writer."""
