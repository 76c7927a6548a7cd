"""Kubernetes objects as plain data: identity, difference, findings."""
