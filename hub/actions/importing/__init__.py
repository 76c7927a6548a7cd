"""A first blueprint of what a team has: what is taken of it, and what is not and why. Nothing of it is run here."""
