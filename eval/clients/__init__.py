"""Clients that others wrote against our server: the MCP Inspector, the TypeScript SDKs, the Python SDK."""
