"""`python -m server` serves MCP over stdio."""

import asyncio
import sys

from pydantic import ValidationError

from server.observing.log import configure_logging
from server.stdio import serve
from sonik.settings import Settings
from tools.arguments import problems

if __name__ == "__main__":
    try:
        chosen = Settings()
    except ValidationError as error:
        sys.exit(f"Correct SONIK_* in the environment: {problems(error)}")
    configure_logging(chosen)
    asyncio.run(serve(chosen))
