"""The edge: command line, adapters, settings and wiring. Everything that touches the world lives here."""

__version__ = "0.1.0"
