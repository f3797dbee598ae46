"""Seals as values: how rows become digests, and digests a chain."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

LEAF_BYTES = 32
# The log tells of batches it forgot by a row of its own, of this action.
FORGET = "audit.forget"
NOTHING_BEFORE = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Where a row stands: how often truth was restored, its transaction, its number."""

    epoch: int = -1
    txid: str = "0"
    seq: int = 0


class Row(NamedTuple):
    """A row of the audit log as it is digested; its first three fields are its place."""

    epoch: int
    txid: str
    seq: int
    id: str
    at: int
    correlation_id: str
    actor: str
    organisation: str | None
    key: str | None
    role: str
    action: str
    target: str | None
    outcome: str
    ms: float | None
    arguments: str | None
    collection: str
    details: str

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(*self[:3])


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """A batch of rows up to a place. `leaves` are the digests of its rows, None once the rows were forgotten.

    `mark` is an HMAC of the digest, where there was a secret when it was put on.
    """

    number: int
    epoch: int
    txid: str
    seq: int
    rows: int
    root: bytes
    leaves: bytes | None
    previous: bytes
    digest: bytes
    mark: bytes | None
    sealed_at: datetime

    @property
    def place(self) -> Place:
        """Where its last row stands."""
        return Place(self.epoch, self.txid, self.seq)

    @property
    def leaf_list(self) -> list[bytes]:
        """The digests of its rows, in order."""
        leaves = self.leaves or b""
        return [leaves[start : start + LEAF_BYTES] for start in range(0, len(leaves), LEAF_BYTES)]

    def bears_mark_of(self, secret: bytes | None) -> bool:
        """Say whether somebody who has the secret put this seal on."""
        if self.mark is None or secret is None:
            return False
        return hmac.compare_digest(self.mark, mark_of(self.digest, secret))

    def proper_digest(self) -> bytes:
        """Return the digest that what it says comes to."""
        moment = (self.sealed_at - _EPOCH) // timedelta(microseconds=1)
        marked = self.mark is not None
        said = [self.number, *self.place, self.rows, self.root.hex(), self.previous.hex(), moment, marked]
        return hashlib.sha256(b"sonik audit seal 1\n" + json.dumps(said).encode()).digest()


def leaf_of(row: Row) -> bytes:
    """Return the SHA-256 of everything a row says; where it stands goes into the root."""
    return hashlib.sha256(json.dumps(row[3:], separators=(",", ":")).encode()).digest()


def root_of(rows: Iterable[Row], leaves: Iterable[bytes]) -> bytes:
    """Return the SHA-256 over rows in their places."""
    whole = hashlib.sha256()
    for row, leaf in zip(rows, leaves, strict=True):
        whole.update(f"{row.epoch}.{row.txid}.{row.seq}:".encode() + leaf)
    return whole.digest()


def mark_of(digest: bytes, secret: bytes) -> bytes:
    """Return what only who has the secret can put on a digest."""
    return hmac.digest(secret, b"sonik audit mark 1\n" + digest, "sha256")


def sealed(rows: Sequence[Row], *, after: Seal | None, now: datetime, secret: bytes | None) -> Seal:
    """Return the seal over rows that follow another seal."""
    leaves = [leaf_of(row) for row in rows]
    seal = Seal(
        number=after.number + 1 if after else 1, epoch=rows[-1].epoch, txid=rows[-1].txid, seq=rows[-1].seq,
        rows=len(rows), root=root_of(rows, leaves), leaves=b"".join(leaves),
        previous=after.digest if after else NOTHING_BEFORE, digest=b"", mark=b"" if secret else None,
        sealed_at=now,
    )  # fmt: skip
    digest = seal.proper_digest()
    return replace(seal, digest=digest, mark=mark_of(digest, secret) if secret else None)
