"""Rounds of reconcilers, once and watching."""
