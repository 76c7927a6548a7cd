"""Fargate sizes and prices."""
