"""Schemas and policy."""
