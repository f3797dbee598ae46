"""What clients ask: the tools mixed, over a synthetic world whose names some ask for often and most hardly."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, takewhile
from random import Random
from typing import Literal

from sonik.identity.names import slugify
from sonik.types import JsonObject
from tests.bench.scale import SEED
from tests.bench.synthetic import world

Asked = Literal["named", "described", "listing", "entity", "walk"]
# Of twenty calls so many are of each kind.
MIX: dict[Asked, int] = {"named": 6, "described": 4, "listing": 4, "entity": 3, "walk": 3}
NAMES = 2_000
DESCRIBED = ("trompeta", "baile", "tambor", "vinilo", "luces", "cuerdas", "homenaje", "repertorio", "clásicos", "voz")
LISTED = ("tonight", "tomorrow", "this weekend", "this week")
GENRES = ("salsa", "techno", "jazz", "cumbia", "rock")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A tool call."""

    tool: str
    arguments: JsonObject


class Asking:
    """Draws calls: names by Zipf's law, as people ask for them."""

    def __init__(self, *, entities: int) -> None:
        named = takewhile(lambda record: record["kind"] in {"venue", "artist"}, world(SEED, entities=entities))
        names = [str(record["name"]) for record in named]
        self._names = Random(SEED).sample(names, min(NAMES, len(names)))
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self._names) + 1)))

    def calls(self, seed: int) -> Iterator[Call]:
        """Yield calls without end; another seed, another client."""
        random = Random(seed)
        kinds = [kind for kind, share in MIX.items() for _ in range(share)]
        while True:
            yield self._call(random.choice(kinds), random)

    def _call(self, kind: Asked, random: Random) -> Call:
        match kind:
            case "named":
                form = random.choice(("quién es {}", "{} esta semana", "próximos eventos de {}"))
                return Call(tool="sonik_search", arguments={"query": form.format(self._name(random))})
            case "described":
                return Call(tool="sonik_search", arguments={"query": " y ".join(random.sample(DESCRIBED, 2))})
            case "listing":
                when, genre = random.choice(LISTED), random.choice(GENRES)
                return Call(tool="sonik_whats_on", arguments={"market": "medellin", "when": when, "genres": [genre]})
            case "entity":
                return Call(tool="sonik_get_entity", arguments={"ref": slugify(self._name(random))})
            case "walk":
                start, pattern = slugify(self._name(random)), random.choice(("similar", "neighbors"))
                return Call(tool="sonik_traverse", arguments={"start": start, "pattern": pattern})

    def _name(self, random: Random) -> str:
        return random.choices(self._names, cum_weights=self._weights)[0]
