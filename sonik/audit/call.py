"""A call as the audit log keeps it: who asked what of us, when, and how it ended; of the arguments only a digest."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sonik.types import Scope

OK = "ok"
UNREADABLE = "unreadable"
LONGEST = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call. `target` is a name of ours, never what a caller wrote; `key` is the prefix of the API key used."""

    at: datetime
    correlation_id: str
    scope: Scope
    key: str | None
    action: str
    target: str
    outcome: str
    ms: float
    arguments: str
    id: UUID = field(default_factory=uuid4)

    def row(self) -> dict[str, object]:
        """Return it for the bulk statement, which turns names into references."""
        scope = self.scope
        return {
            "id": str(self.id), "at": self.at.isoformat(), "correlation_id": self.correlation_id,
            "actor": _storable(scope.actor), "organisation": _storable(scope.organisation), "key": self.key,
            "role": scope.role, "action": self.action, "target": self.target[:LONGEST],
            "outcome": self.outcome[:LONGEST], "ms": self.ms, "arguments": self.arguments,
            "collection": scope.collection,
        }  # fmt: skip


def arguments_digest(arguments: Mapping[str, object], *, key: bytes) -> str:
    """Return a keyed digest of arguments, in whatever order they came: 32 hex digits.

    Who lacks the key cannot try questions until one fits.
    """
    try:
        text = json.dumps(arguments, sort_keys=True, separators=(",", ":"), default=str)
    except (RecursionError, ValueError):  # nested too deep, or a number of thousands of digits
        return UNREADABLE
    return hmac.digest(key, text.encode(), "sha256")[:16].hex()


def _storable(text: str | None) -> str | None:
    """Return a text as PostgreSQL can keep it, whatever an issuer put into its token."""
    return None if text is None else text.encode("utf-8", "replace").decode().replace("\0", "?")
