"""Whether previews work, and why not: phases and causes."""
