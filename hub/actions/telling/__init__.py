"""Telling people of previews where they work: which messages there are, and how each is posted once and edited."""
