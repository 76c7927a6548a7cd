"""Whether a change is one that the hub makes."""
