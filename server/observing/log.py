"""Where the log goes: stderr, because stdout belongs to the protocol; as lines of text, or of JSON."""

import json
import logging
import sys
from datetime import UTC, datetime

from sonik.correlation import current_id
from sonik.settings import Settings

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# What every record has: anything beyond was given as `extra`.
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a record: when, how grave, from where, what, in which call, and the facts that came with it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        told: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname, "logger": record.name, "message": record.getMessage(),
        }  # fmt: skip
        call = current_id()
        if call is not None:
            told["trace_id"] = call
        told |= {name: value for name, value in vars(record).items() if name not in _PLAIN}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def configure_logging(settings: Settings) -> None:
    """Log to stderr, before the SDK would set up its own handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    # A store that is away is told once, by its breaker, and not with every connection that is tried.
    logging.getLogger("psycopg.pool").setLevel(max(logging.ERROR, logging.getLogger().level))
