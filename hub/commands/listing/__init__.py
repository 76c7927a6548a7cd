"""The list of previews."""
