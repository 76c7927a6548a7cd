"""What people ask for, as plans."""
