"""Messages about previews in words: one document for all channels, and how each channel draws it."""
