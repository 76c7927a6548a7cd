"""Reading clusters."""
