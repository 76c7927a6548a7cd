"""Adapters behind the ports of `reconcilers.ports`. No vendor's type or exception leaves them."""
