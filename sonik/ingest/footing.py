"""What a batch rests on while it is worked out ahead of its turn, and whether another one has moved it."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from uuid import UUID

from sonik.identity.sighting import Key
from sonik.truth.rows import Changes


@dataclass(frozen=True, kw_only=True, slots=True)
class Footing:
    """The keys looked up, the slugs wished for, the stored entities opened, and those around which edges were read."""

    keys: Set[Key]
    slugs: Set[str]
    entities: Set[UUID]
    around: Set[UUID]

    def is_moved_by(self, changes: Changes) -> bool:
        """Say whether what was read may be otherwise once these changes are written."""
        return bool(
            changes.sources
            or any((row["scheme"], row["value"]) in self.keys for row in changes.new_identifiers)
            or any((row["scheme"], row["value"]) in self.keys for row in changes.closed_identifiers)
            or any(row["slug"] in self.slugs for row in (*changes.new_entities, *changes.changed_entities))
            or not self.entities.isdisjoint(changes.touched)
            or any(row["entity_id"] in self.entities for row in changes.tellings)
            or (self.around and (changes.changed_relationships or not self.around.isdisjoint(_ends(changes))))
        )


def _ends(changes: Changes) -> Iterator[object]:
    for alike in changes.new_relationships:
        for edge in alike.edges:
            yield from (edge["src"], edge["dst"])
    for closed in changes.closed_relationships:
        yield from (closed.src, closed.dst)
