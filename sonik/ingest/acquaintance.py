"""Whom earlier batches of a delivery met: they need not be read again while nobody has changed them."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from uuid import UUID

from sonik.identity.dossier import Dossier
from sonik.identity.resolve import Resolution
from sonik.identity.sighting import Sighting
from sonik.truth.rows import EntityRow

# A venue or an artist comes back in batch after batch; an entity takes about ten kilobytes, a mention one.
MOST_KEPT = 5_000
MOST_MENTIONS = 30_000

Memo = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A mention that told nothing new, and whom it meant: the entity as of this version."""

    sighting: Sighting
    resolution: Resolution
    version: int


class Acquaintance:
    """Who was met in a delivery. Each change of an entity gives it a new version: an equal row is an equal dossier."""

    def __init__(self) -> None:
        self._kept: dict[UUID, Dossier] = {}
        self._mentioned: dict[Memo, Mentioned] = {}

    def still(self, row: EntityRow) -> Dossier | None:
        """Hand out the dossier of an entity that is as it was: two batches at work never share one."""
        known = self._kept.pop(row.id, None)
        return known if known is not None and known.row == row else None

    def keep(self, dossiers: Iterable[Dossier]) -> None:
        """Keep the stored dossiers that a batch left as they were; those met longest ago are let go."""
        for dossier in dossiers:
            self._kept.pop(dossier.id, None)
            if dossier.row is not None and not dossier.changed:
                self._kept[dossier.id] = dossier
        _let_go(self._kept, most=MOST_KEPT)

    def mentioned(self, memo: Memo) -> Mentioned | None:
        """Return what a mention that reads the same came to."""
        return self._mentioned.get(memo)

    def remember(self, mentions: Iterable[tuple[Memo, Mentioned]]) -> None:
        """Remember mentions that told nothing new: nor will they again, until their entity changes."""
        self._mentioned.update(mentions)
        _let_go(self._mentioned, most=MOST_MENTIONS)

    def forget(self, changed: Set[object]) -> None:
        """Forget what mentioned entities that have changed."""
        if changed:
            kept = {memo: one for memo, one in self._mentioned.items() if one.resolution.entity_id not in changed}
            self._mentioned = kept


def _let_go(known: dict[Memo, Mentioned] | dict[UUID, Dossier], *, most: int) -> None:
    for key in list(known)[: max(len(known) - most, 0)]:
        del known[key]  # type: ignore[arg-type] # the key is its own
