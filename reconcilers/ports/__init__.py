"""What the reconcilers need of the world."""
