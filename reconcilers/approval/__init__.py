"""How a gated environment changes."""
