"""What an administrator applies."""
