"""`python -m server` serves MCP over stdio."""

import asyncio

from server.stdio import configure_logging, serve
from sonik.settings import Settings

if __name__ == "__main__":
    chosen = Settings()
    configure_logging(chosen)
    asyncio.run(serve(chosen))
