"""Registries of images: by the OCI distribution protocol, and Amazon ECR by its own API."""
