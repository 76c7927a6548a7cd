"""Requests at a forge."""
