"""A `ref` names one entity: an id (also a former one), a slug, a handle, a domain, a Places id, a link or a name."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sonik.errors import InvalidInput, NotFound
from sonik.identity import domains, instagram, places
from sonik.identity.names import fold
from sonik.identity.sighting import Key
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("retrieval")
LONGEST_REF = 300
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, kw_only=True, slots=True)
class Referent:
    """The entity a ref names, and others that share the name."""

    id: UUID
    entity_type: str
    also: tuple[UUID, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    id: UUID
    entity_type: str
    rank: int


def identifiers_in(text: str) -> list[Key]:
    """Return the identifiers written in a text: @handles, Instagram links, Google Places ids and domains."""
    keys = []
    for word in text.split():
        bare = word.strip(".,;:!?¿¡()\"'")
        with suppress(InvalidInput):
            if bare.startswith("@") or "instagram.com/" in bare.lower():
                keys.append(Key(scheme="instagram", value=instagram.normalise(bare)))
            elif bare.startswith("ChIJ") or "place_id" in bare:
                keys.append(Key(scheme="google_place_id", value=places.normalise(bare).value))
            elif "." in bare.strip("."):
                keys.append(Key(scheme="domain", value=domains.normalise(bare)))
    return keys


async def find_ref(postgres: Postgres, ref: str, *, scope: Scope, field: str = "ref") -> Referent:
    """Return the entity a ref names; `field` is the argument it came in, for the error.

    Raises:
        InvalidInput: the ref is empty or far too long.
        NotFound: nobody this caller may see has it.
    """
    text = ref.strip()
    if not text or len(text) > LONGEST_REF:
        raise InvalidInput(
            f"A ref is 1 to {LONGEST_REF} characters.", next_step="Pass a slug, id, @handle or name.", field=field
        )
    params = {"collection": scope.collection, "uuid": _uuid(text), "slug": text.lower(), "folded": fold(text)}
    keys = identifiers_in(text)
    held = {"collection": scope.collection, "schemes": [k.scheme for k in keys], "values": [k.value for k in keys]}
    async with postgres.reading(scope) as session:
        found = await session.fetch(_Found, SQL["by_ref"], params)
        if not found and keys:
            rows = await session.rows(SQL["by_identifier"], held)
            found = [_Found(id=UUID(str(r["id"])), entity_type=str(r["entity_type"]), rank=5) for r in rows]
    if not found:
        raise NotFound(f"Nothing is known as '{text[:80]}'.", next_step="Find its ref with sonik_search.", field=field)
    best = [row for row in found if row.rank == found[0].rank]
    also = tuple(dict.fromkeys(row.id for row in best[1:] if row.id != best[0].id))
    return Referent(id=best[0].id, entity_type=best[0].entity_type, also=also)


async def refs_starting(postgres: Postgres, prefix: str, *, scope: Scope, limit: int) -> list[str]:
    """Return the refs of entities one of whose names begins so, in order."""
    least = fold(prefix[:LONGEST_REF])
    if not least:
        return []
    params = {"collection": scope.collection, "least": least, "most": least + LAST_CHARACTER, "limit": limit}
    async with postgres.reading(scope) as session:
        return [str(row["ref"]) for row in await session.rows(SQL["refs_starting"], params)]


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None
