"""What previews take, and whether one more fits."""
