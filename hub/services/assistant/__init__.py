"""What AI assistants and workflows ask the hub by the Model Context Protocol (`rtb-hub mcp`)."""
