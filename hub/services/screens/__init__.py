"""The dashboard's files, as browsers load them."""
