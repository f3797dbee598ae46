"""Questions drawn from the truth by a seed: every class in every language, worded as people ask."""

import sqlite3
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Any, Literal

from eval.dataset import Query
from eval.product.truth import open_truth, queries
from sonik.ingest.samples.world import World
from sonik.ingest.samples.world.cities import dice
from sonik.sql import seeded
from sonik.types import Language

LANGUAGES: tuple[Language, ...] = ("es", "pt", "en")
EACH = 9
MOST_ANSWERS = 10
MULTI_HOP = frozenset(
    {"artists_at_venue", "venues_of_promoter", "bill_mates", "promoters_of_artist", "venues_of_artist", "artists_when"}
)
Split = Literal["dev", "heldout"]
HELD_OUT_EVERY = 3

Slots = tuple[tuple[str, object], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question, what answers it, and whether it may be tuned on."""

    query: Query
    answers: tuple[str, ...]
    split: Split


def ask(world: World) -> list[Asked]:
    """Return all questions of a world; the same world gives the same questions."""
    wording: dict[str, Any] = tomllib.loads(files(__package__).joinpath("wording.toml").read_text(encoding="utf-8"))
    truth = open_truth(world)
    names = _names(world)
    asked = []
    for kind in (name for name in queries() if name != "schema"):
        candidates = _candidates(truth, kind, world)
        dice(world.ground.seed, "questions", kind).shuffle(candidates)
        if len(candidates) < EACH:
            # So few that each is asked in every language.
            candidates = [candidate for candidate in candidates for _ in LANGUAGES]
        for number, (slots, answers) in enumerate(candidates[: EACH * len(LANGUAGES)]):
            language = LANGUAGES[number % len(LANGUAGES)]
            key = f"{language}-{kind.replace('_', '-')}-{number // len(LANGUAGES) + 1}"
            voice = _Voice(wording=wording, names=names, language=language, roll=dice(world.ground.seed, key))
            kinds = (kind, language, "multi-hop" if kind in MULTI_HOP else "direct")
            query = Query(id=key, text=voice.say(kind, slots), kinds=kinds)
            held_out = number // len(LANGUAGES) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
            asked.append(Asked(query=query, answers=answers, split="heldout" if held_out else "dev"))
    return asked


def _candidates(truth: sqlite3.Connection, kind: str, world: World) -> list[tuple[Slots, tuple[str, ...]]]:
    """Return each combination of slots that something answers, and not too much of it."""
    cursor = truth.execute(queries()[kind], {"now": world.ground.now.timestamp()})
    columns = [column for column, *_ in cursor.description][:-1]
    found: dict[Slots, set[str | None]] = defaultdict(set)
    for *slots, answer in cursor:
        found[tuple(zip(columns, slots, strict=True))].add(answer)
    whole = {slots: sorted(id for id in ids if id) for slots, ids in found.items() if None not in ids}
    return [(slots, tuple(ids)) for slots, ids in sorted(whole.items(), key=repr) if len(ids) <= MOST_ANSWERS]


def _names(world: World) -> dict[str, str]:
    ground = world.ground
    return {thing.id: thing.name for thing in (*ground.venues, *ground.artists, *ground.organizations)}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Voice:
    """Somebody who asks in one language."""

    wording: Mapping[str, Any]
    names: Mapping[str, str]
    language: Language
    roll: Random

    def say(self, kind: str, slots: Slots) -> str:
        """Return a question of a class with its slots filled."""
        template: str = self.roll.choice(self.wording[kind][self.language])
        city = next((str(value) for name, value in slots if name == "city"), "")
        return template.format(**{name: self._spoken(name, value, city) for name, value in slots})

    def _spoken(self, name: str, value: object, city: str) -> str:
        if name == "span":
            return self._choice("spans", str(value))
        if name == "city":
            return self._choice("cities", str(value))
        if name == "genre":
            return GENRES[str(value)][self.language]
        if name == "price":
            return self._price(int(str(value)), city)
        return self.names.get(str(value), str(value))

    def _choice(self, table: str, key: str) -> str:
        options: Sequence[str] = self.wording[table][key][self.language]
        return self.roll.choice(options)

    def _price(self, amount: int, city: str) -> str:
        said: str = self.wording["money"][CURRENCIES[city]][self.language]
        return said.format(amount=amount, thousands=amount // 1000)


GENRES = {str(row["code"]): {code: str(row[f"label_{code}"]) for code in LANGUAGES} for row in seeded("legend_genres")}
CURRENCIES = {str(row["slug"]): str(row["currency"]) for row in seeded("legend_markets")}
