"""Adapters behind the ports of `reconcilers.ports.git`. No vendor's type or exception leaves them."""
