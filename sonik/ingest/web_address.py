"""Addresses that are safe to link to; one of another scheme than the web's could be a script."""

import re

from sonik.identity.names import clean_text

_WEB_ADDRESS = re.compile(
    r"(https?://)?[^\s/@:?#<>\"']+(?:\.[^\s/@:?#<>\"']+)+(?::\d+)?(?:[/?#][^\s<>\"]*)?", re.IGNORECASE
)
MAX_ADDRESS = 500


def web_address(raw: str) -> str | None:
    """Return an address of the web with its scheme; None where the text is none."""
    text = clean_text(raw, max_length=MAX_ADDRESS)
    match = _WEB_ADDRESS.fullmatch(text)
    if match is None:
        return None
    return text if match[1] else f"https://{text}"
