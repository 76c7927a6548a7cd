"""Values and names checked against their own standards."""
