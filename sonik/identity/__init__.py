"""Who is who: normalise, resolve, provenance, merge and undo, claims."""

from sonik.errors import InvalidInput
from sonik.identity.names import strip_invisible

SHOWN_CHARACTERS = 80
MAX_CHARACTERS = 2048
QUOTES = "<>\"'“”‘’«»"


def refused(value: str, reason: str, *, next_step: str, field: str) -> InvalidInput:
    """Return the error for a value that identifies nothing: what it was, why not, and what to do."""
    shown = value if len(value) <= SHOWN_CHARACTERS else value[: SHOWN_CHARACTERS - 1] + "…"
    return InvalidInput(f"{shown!r} {reason}.", next_step=next_step, field=field)


def trimmed(raw: str, *, field: str) -> str:
    """Return an identifier as written, without invisible characters and the quotes and spaces around it.

    Raises:
        InvalidInput: nothing is left, or more than an identifier can be.
    """
    text = strip_invisible(raw).strip().strip(QUOTES).strip()
    if not text:
        raise refused(raw, "is empty", next_step=f"Leave {field} out when it is not known.", field=field)
    if len(text) > MAX_CHARACTERS:
        reason = f"is longer than {MAX_CHARACTERS} characters"
        raise refused(raw, reason, next_step=f"Give {field} alone, without the text around it.", field=field)
    return text
