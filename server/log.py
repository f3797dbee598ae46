"""Where the log goes: stderr, because stdout belongs to the protocol."""

import logging
import sys

from sonik.settings import Settings


def configure_logging(settings: Settings) -> None:
    """Log to stderr, before the SDK would set up its own handler."""
    logging.basicConfig(
        level=settings.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
