"""The edge: command line, adapters, settings and wiring. Everything that touches the world lives here."""

__version__ = "0.1.0"
#: What every request of the hub names itself by.
USER_AGENT = f"rtb-ai-hub/{__version__}"
