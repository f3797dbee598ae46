"""The whole error tree. Every error says what happened and what to do next.

SonikError
├── InvalidInput            the caller's argument or record is wrong
│   ├── OffOntology         a vertex, edge or property the ontology does not know
│   └── IdempotencyConflict the same key was used for another request
├── NotFound                nothing is there, or not for this caller
├── NotAllowed              the caller's role does not reach
├── Conflict                another writer came first (retryable)
├── StoreUnavailable        a store does not answer (retryable)
├── OutOfTime               a bounded wait ran out (retryable)
├── DiskFull                there is no room for anything new
└── Misconfigured           the installation needs a change
    ├── MissingBinary       a server binary or system library is not there
    └── EmbeddingMismatch   stored vectors come from another model
"""

from difflib import get_close_matches
from typing import ClassVar


class SonikError(Exception):
    """Base of all errors: a message, the next step, and whether trying again can help."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, next_step: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.field = field

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class InvalidInput(SonikError):
    """An argument or a record is wrong; nothing was done."""

    code = "invalid_input"


class OffOntology(InvalidInput):
    """A vertex, edge or property that the ontology does not know."""

    code = "off_ontology"


class IdempotencyConflict(InvalidInput):
    """An idempotency key came back with another request."""

    code = "idempotency_conflict"


class NotFound(SonikError):
    """Nothing is there, or nothing this caller may see."""

    code = "not_found"


class NotAllowed(SonikError):
    """The caller's role does not reach this."""

    code = "not_allowed"


class Conflict(SonikError):
    """Another writer came first; the same call may go through now."""

    code = "conflict"
    retryable = True


class StoreUnavailable(SonikError):
    """A store does not answer."""

    code = "store_unavailable"
    retryable = True


class OutOfTime(SonikError):
    """A bounded wait ran out."""

    code = "out_of_time"
    retryable = True


class DiskFull(SonikError):
    """There is no room for anything new; nothing was written."""

    code = "disk_full"


class Misconfigured(SonikError):
    """The installation or its settings need a change before this can work."""

    code = "misconfigured"


class MissingBinary(Misconfigured):
    """A server binary, module or system library is not there."""

    code = "missing_binary"


class EmbeddingMismatch(Misconfigured):
    """The stored vectors were made by another model than the one configured."""

    code = "embedding_mismatch"


def did_you_mean(given: str, known: list[str]) -> str:
    """Return a hint such as ``Did you mean 'medellin'?``, or the known values when nothing is near."""
    by_lower_case = {name.lower(): name for name in known}
    near = get_close_matches(given.lower(), by_lower_case, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{by_lower_case[near[0]]}'?"
    shown = ", ".join(sorted(known)[:12])
    return f"Known: {shown}{', …' if len(known) > 12 else ''}."
