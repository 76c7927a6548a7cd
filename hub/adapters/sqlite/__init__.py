"""Caches in SQLite."""
