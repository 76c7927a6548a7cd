"""Jira Cloud: issues, read by its REST API."""
