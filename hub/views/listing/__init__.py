"""The list of previews: what it holds, which part is shown, and how people and machines see it."""
