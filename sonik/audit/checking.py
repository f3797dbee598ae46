"""Checking: whether every row still says what was sealed, and every seal follows the one before."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from itertools import islice

from sonik.audit.seal import FORGET, NOTHING_BEFORE, Place, Row, Seal, leaf_of, root_of
from sonik.audit.sealing import stretch
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session

SQL = queries("audit")
PAGE = 20
MOST_TOLD = 200
MOST_OF_A_SEAL = 20
LEAST_HEAD = 12
# Rows read beyond those that are expected: enough to tell what is wrong.
MOST_EXTRA = 1_000

Watcher = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """Where the log is not what was sealed: the number of the seal, and what is wrong there."""

    seal: int
    what: str


@dataclass(kw_only=True, slots=True)
class Checked:
    """What a check found. `broken` counts every break, `breaks` tells the first of them."""

    seals: int = 0
    rows: int = 0
    forgotten: int = 0
    marked: int = 0
    unsealed: int = 0
    oldest_unsealed: datetime | None = None
    head: str | None = None
    broken: int = 0
    breaks: list[Break] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.broken

    def tell(self, seal: int, what: str) -> None:
        """Note a break."""
        self.broken += 1
        if len(self.breaks) < MOST_TOLD:
            self.breaks.append(Break(seal=seal, what=what))


async def check(
    postgres: Postgres, *, secret: bytes | None = None, head: str | None = None, first: int = 1,
    watch: Watcher | None = None,
) -> Checked:  # fmt: skip
    """Check the chain against the rows, as they are at one moment.

    Args:
        postgres: where the log is.
        secret: what seals were marked with, where they are to be marked.
        head: the beginning of a digest noted earlier, which must still be in the chain.
        first: the seal to begin with; the one before it is taken as it stands.
        watch: is told up to which seal all are checked, and how many there are.
    """
    async with postgres.writing() as session:
        await session.execute("set transaction isolation level repeatable read")
        (count,) = await session.rows(SQL["seal_total"])
        before = await session.fetch(Seal, SQL["seals_after"], {"number": first - 2, "limit": 1}) if first > 1 else []
        walk = _Walk(secret=secret, head=head, behind=before[0] if before else None)
        while seals := await session.fetch(Seal, SQL["seals_after"], {"number": walk.number, "limit": PAGE}):
            for seal in seals:
                rows = await stretch(session, walk.place, seal.place, limit=seal.rows + MOST_EXTRA)
                walk.take(seal, rows)
            if watch is not None:
                watch(walk.number, int(str(count["seals"])))
        await _behind(session, walk)
        return walk.ended()


async def _behind(session: Session, walk: "_Walk") -> None:
    """Look at what is not sealed yet."""
    (beyond,) = await session.rows(SQL["beyond"], walk.place._asdict())
    walk.found.unsealed = int(str(beyond["rows"]))
    oldest = beyond["oldest"]
    walk.found.oldest_unsealed = oldest if isinstance(oldest, datetime) else None
    told = await session.rows(SQL["forgotten_beyond"], walk.place._asdict())
    walk.told_forgotten = max([walk.told_forgotten, *(_through(str(row["details"])) for row in told)])


class _Walk:
    """A walk along the chain, seal by seal."""

    def __init__(self, *, secret: bytes | None, head: str | None, behind: Seal | None) -> None:
        self.found = Checked()
        self.number = behind.number if behind else 0
        self.place = behind.place if behind else Place()
        self.told_forgotten = 0
        self._secret = secret
        self._wanted = head
        self._head_found = False
        self._previous = behind.digest if behind else NOTHING_BEFORE
        self._forgotten: list[int] = []

    def take(self, seal: Seal, rows: Sequence[Row]) -> None:
        """Check one seal, and the rows that it seals."""
        self._check_link(seal)
        self._check_mark(seal)
        self._check_rows(seal, rows)
        digest = seal.digest.hex()
        self._head_found = self._head_found or (self._wanted is not None and digest.startswith(self._wanted))
        self.found.seals += 1
        self.found.head = digest
        self.number, self._previous = seal.number, seal.digest
        self.place = max(self.place, seal.place, key=_order)

    def ended(self) -> Checked:
        """Return what was found, after a last look at the whole."""
        for number in self._forgotten:
            if number > self.told_forgotten:
                self.found.tell(number, "its rows are gone, and the log does not tell of it")
        if self._secret and self.found.seals and not self.found.marked:
            self.found.tell(self.number, "no seal bears the mark of this secret")
        if self._wanted is not None and not self._head_found:
            self.found.tell(
                self.number, f"the chain does not hold {self._wanted[:16]}: its end was cut off or replaced"
            )
        return self.found

    def _check_link(self, seal: Seal) -> None:
        if seal.number != self.number + 1:
            self.found.tell(seal.number, f"broken link: seal {self.number + 1} is missing")
        elif seal.previous != self._previous:
            self.found.tell(seal.number, "broken link: it was put on another seal than the one before")
        if seal.digest != seal.proper_digest():
            self.found.tell(seal.number, "the seal itself was changed")

    def _check_mark(self, seal: Seal) -> None:
        """With a secret, all seals bear its mark from the first one on that has any."""
        if self._secret is None:
            return
        if seal.bears_mark_of(self._secret):
            self.found.marked += 1
        elif seal.mark is not None or self.found.marked:
            self.found.tell(seal.number, "it does not bear the mark of this secret")

    def _check_rows(self, seal: Seal, rows: Sequence[Row]) -> None:
        said = [row.details for row in rows if row.action == FORGET]
        self.told_forgotten = max([self.told_forgotten, *map(_through, said)])
        self.found.rows += len(rows)
        if seal.leaves is None:
            self._check_forgotten(seal, rows)
            return
        leaves = [leaf_of(row) for row in rows]
        if (root_of(rows, leaves), leaves) == (seal.root, seal.leaf_list):
            return
        differences = list(_differences(seal.leaf_list, leaves, rows))
        for what in islice(differences, MOST_OF_A_SEAL):
            self.found.tell(seal.number, what)
        self.found.broken += max(0, len(differences) - MOST_OF_A_SEAL)

    def _check_forgotten(self, seal: Seal, rows: Sequence[Row]) -> None:
        if self.found.forgotten < self.found.seals:
            self.found.tell(seal.number, "its rows are gone, but not those before them")
        for row in islice(rows, MOST_OF_A_SEAL):
            self.found.tell(seal.number, f"extra row {_named(row)}: its batch was forgotten")
        self.found.forgotten += 1
        self._forgotten.append(seal.number)


def _differences(stored: Sequence[bytes], leaves: Sequence[bytes], rows: Sequence[Row]) -> Iterator[str]:
    """Tell how rows differ from what was sealed."""
    if Counter(stored) == Counter(leaves):
        for row, before, now in zip(rows, stored, leaves, strict=True):
            if before != now:
                yield f"reordered row {_named(row)}"
        if list(stored) == list(leaves):
            yield "rows stand in other places than they did"
        return
    for kind, left, left_end, right, right_end in SequenceMatcher(None, stored, leaves, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        changed = min(left_end - left, right_end - right)
        for row in rows[right : right + changed]:
            yield f"changed row {_named(row)}"
        for number in range(left + changed, left_end):
            yield f"missing row: number {number + 1} of the batch"
        for row in rows[right + changed : right_end]:
            yield f"extra row {_named(row)}"


def _named(row: Row) -> str:
    return f"{row.seq} ({row.action}, {row.correlation_id[:16]})"


def _order(place: Place) -> tuple[int, int, int]:
    return place.epoch, int(place.txid), place.seq


def _through(details: str) -> int:
    told = json.loads(details)
    through = told.get("through", 0) if isinstance(told, dict) else 0
    return through if isinstance(through, int) else 0
