"""A forge beside a bare repository."""
