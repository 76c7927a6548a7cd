"""Decisions over time as plans, and the ports they need. Pure: adapters live in `hub.adapters`."""
