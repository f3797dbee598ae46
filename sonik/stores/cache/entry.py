"""An answer as it is kept: the question it answers, who may see it, and how long it may be used."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from sonik.errors import InvalidInput, did_you_mean
from sonik.types import JsonObject

Vector = npt.NDArray[np.float32]

SCOPE = "scope"
TAGS = frozenset({SCOPE, "language", "market", "window", "kinds", "lens", "near", "price", "subject"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheEntry:
    """One kept answer.

    `key` is the normalised question with its slots, `tags` are the slots a similar question must share, `entities`
    the ids the answer speaks of, and `facts` what else the reader wants to check before it trusts the answer.
    Without a vector it is found by its exact key only; what is read back carries none.
    """

    key: str
    tags: Mapping[str, str]
    answer: JsonObject
    expires_at: datetime
    facts: JsonObject = field(default_factory=dict)
    entities: tuple[str, ...] = ()
    vector: Vector | None = field(default=None, compare=False, repr=False)
    distance: float = field(default=0.0, compare=False)

    def __post_init__(self) -> None:
        checked_tags(self.tags)
        if self.expires_at.tzinfo is None:
            raise InvalidInput("expires_at has no time zone.", next_step="Give an aware time.", field="expires_at")

    @property
    def scope_tag(self) -> str:
        """Who may see the answer."""
        return self.tags[SCOPE]

    @property
    def identity(self) -> str:
        """The name it is kept under."""
        return identity(self.key, self.scope_tag)


def identity(key: str, scope_tag: str) -> str:
    """Return the name under which the answer to a question is kept for one scope."""
    return token(f"{token(scope_tag)}{key}")


def token(value: str) -> str:
    """Return a value as an index tag takes it.

    A tag as it comes would ignore case, split at commas, and match everything when it is empty.
    """
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def tokens(values: Iterable[str]) -> frozenset[str]:
    """Return the tokens of several values."""
    return frozenset(map(token, values))


def checked_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """Return the tags if all are known and the scope is among them: a store ignores a misspelt filter in silence.

    Raises:
        InvalidInput: a tag is unknown, or the scope is missing.
    """
    for name in tags:
        if name not in TAGS:
            raise InvalidInput(
                f"'{name}' is no tag of the cache.", next_step=did_you_mean(name, list(TAGS)), field=name
            )
    if SCOPE not in tags:
        raise InvalidInput("The tags name no scope.", next_step="Say who may see the answer.", field=SCOPE)
    return tags


def encode(entry: CacheEntry) -> str:
    """Return everything of an entry but its vector as text."""
    kept = {
        "key": entry.key,
        "tags": dict(entry.tags),
        "answer": entry.answer,
        "facts": entry.facts,
        "entities": entry.entities,
        "expires_at": entry.expires_at.astimezone(UTC).isoformat(),
    }
    return json.dumps(kept, separators=(",", ":"))


def decode(text: str | bytes | None, *, distance: float = 0.0) -> CacheEntry | None:
    """Return the entry a text stands for, None for anything else."""
    try:
        kept = json.loads(text or "")
        return CacheEntry(
            key=kept["key"],
            tags=kept["tags"],
            answer=kept["answer"],
            facts=kept["facts"],
            entities=tuple(kept["entities"]),
            expires_at=datetime.fromisoformat(kept["expires_at"]),
            distance=distance,
        )
    except (ValueError, KeyError, TypeError, InvalidInput):
        return None
