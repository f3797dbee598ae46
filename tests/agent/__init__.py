"""A scripted agent that asks frozen questions of the three-city world, over MCP and nothing else."""
