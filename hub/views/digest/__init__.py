"""What a digest holds, and how it is told."""
