"""Tokens: `sonik_`, a prefix that names the key and is no secret, and 32 random bytes that are one."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from string import ascii_lowercase, digits

MARK = "sonik_"
PREFIX_LENGTH = 8
SECRET_BYTES = 32

_RANDOM = r"[A-Za-z0-9_-]{43}"
_TOKEN = re.compile(rf"{MARK}([a-z0-9]{{{PREFIX_LENGTH}}})_{_RANDOM}")
_NAMING = re.compile(rf"(?:{MARK})?([a-z0-9]{{{PREFIX_LENGTH}}})(?:_{_RANDOM})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token that was just made. It is shown by name only, so that no trace of an error tells it."""

    prefix: str
    text: str = field(repr=False)


def mint() -> Token:
    """Make a token from the system's randomness."""
    prefix = "".join(secrets.choice(ascii_lowercase + digits) for _ in range(PREFIX_LENGTH))
    return Token(prefix=prefix, text=f"{MARK}{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}")


def prefix_of(token: str) -> str | None:
    """Return the prefix of a token; None for what is none."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def prefix_named(text: str) -> str | None:
    """Return the prefix that a person means, who may write it with `sonik_` before it or paste a whole token."""
    found = _NAMING.fullmatch(text.strip())
    return found[1] if found else None


def digest(token: str) -> bytes:
    """Return what is kept of a token: the SHA-256 of all of it."""
    return hashlib.sha256(token.encode()).digest()
