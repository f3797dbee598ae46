"""Dossiers that earlier batches of a delivery read: they need not be read again while nobody has changed them."""

from collections.abc import Iterable
from uuid import UUID

from sonik.identity.dossier import Dossier
from sonik.truth.rows import EntityRow

# A venue or an artist comes back in batch after batch; an entity takes about ten kilobytes.
MOST_KEPT = 5_000


class Acquaintance:
    """Who was met in a delivery. Each change of an entity gives it a new version: an equal row is an equal dossier."""

    def __init__(self) -> None:
        self._kept: dict[UUID, Dossier] = {}

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
        for entity_id in list(self._kept)[: max(len(self._kept) - MOST_KEPT, 0)]:
            del self._kept[entity_id]
