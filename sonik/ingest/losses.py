"""What a delivery takes out of people's sight: events that are called off, relations nobody tells of any longer."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sonik import ontology
from sonik.ingest.receipts import Receipt
from sonik.sql import queries
from sonik.stores.postgres import Session

SQL = queries("truth")
CALLED_OFF = {"cancelled": "cancels", "postponed": "postpones"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Losses:
    """What would be lost, in words that name refs only, and a digest of it as it stands at this moment."""

    said: tuple[str, ...] = ()
    digest: str = ""

    def __bool__(self) -> bool:
        return bool(self.said)


class Consent(Protocol):
    """Somebody's word that something may be lost."""

    @property
    def name(self) -> str:
        """The name under which its use is remembered: it counts once."""
        ...

    def check(self, losses: Losses) -> None:
        """Refuse what it was not given for.

        Raises:
            InvalidInput: it does not cover these losses.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Event:
    ref: str
    version: int
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Edge:
    eid: UUID
    src: str
    type: str
    dst: str


async def losses_of(session: Session, receipts: Sequence[Receipt], *, now: datetime) -> Losses:
    """Return what the transaction that wrote these receipts takes away, of events only those still to come."""
    ids = [UUID(receipt.entity_id) for receipt in receipts if receipt.entity_id and _is_called_off(receipt)]
    single = [edge.name for edge in ontology.EDGES if edge.single]
    events = await session.fetch(_Event, SQL["called_off"], {"ids": ids, "now": now}) if ids else []
    edges = await session.fetch(_Edge, SQL["edges_closed_here"], {"single": single})
    said = [f"{CALLED_OFF[event.status]} {event.ref}" for event in events]
    said += [f"removes {edge.src} {edge.type} {edge.dst}" for edge in edges]
    if not said:
        return Losses()
    state = [[event.ref, event.version, event.status] for event in events], [str(edge.eid) for edge in edges]
    return Losses(said=tuple(said), digest=hashlib.sha256(json.dumps(state).encode()).hexdigest())


def _is_called_off(receipt: Receipt) -> bool:
    change = receipt.changes.get("status")
    return isinstance(change, dict) and "kept" not in change and change.get("after") in CALLED_OFF
