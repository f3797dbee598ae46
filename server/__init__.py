"""How Sonik is reached: the MCP server with its error border, and the command line."""
