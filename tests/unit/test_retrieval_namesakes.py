"""Namesakes: a city tells them apart in a question, and in a ranking the one that is told of stands first."""

from uuid import UUID

from sonik.retrieval.linking import Alias, Mentions, link
from sonik.retrieval.namesakes import Namesakes, best_known_first
from sonik.types import WalkedEdge
from tests.fix_questions import ask

NAME = "vereda doble"


def alias(number: int, market: str | None, kind: str = "artist") -> Alias:
    return Alias(
        folded=NAME, id=UUID(int=number), entity_type=kind, market=market, starts_at=None, until=None
    )  # fmt: skip


def meant(query: str, *aliases: Alias, default: str | None = None) -> list[int]:
    """Return the numbers of those a question means."""
    named = link(Mentions(by_name=aliases), ask(query, default, names={NAME}))
    return [entity.id.int for linked in named for entity in linked.entities]


def test_the_city_named_decides_between_namesakes() -> None:
    both = (alias(1, "medellin"), alias(2, "quito"), alias(3, None))
    assert meant("Vereda Doble em Quito", *both) == [2, 3]
    assert meant("¿Quién o qué es Vereda Doble de Medellín?", *both) == [1, 3]
    assert meant("Who is Vereda Doble?", *both) == [1, 2, 3]


def test_a_visitor_is_meant_where_nobody_of_the_city_is_called_so() -> None:
    assert meant("Vereda Doble en Quito", alias(1, "medellin")) == [1]
    assert meant("Vereda Doble en Quito", alias(1, "medellin"), alias(2, "quito", "organization")) == [1, 2]


def told(*keys: str, is_plain: bool = True) -> Namesakes:
    return Namesakes(told=keys, is_plain=is_plain)


def test_who_is_only_mentioned_gives_its_place_to_the_one_told_of() -> None:
    found = best_known_first(["stub", "other", "known"], {"stub": told("known")})
    assert found.ordered == ("known", "other", "stub")
    assert [found.those_of(key) for key in ("known", "other", "stub")] == [("known", "stub"), ("other",), ("stub",)]


def test_a_namesake_that_the_walk_did_not_reach_takes_the_place_and_the_way_too() -> None:
    found = best_known_first(["stub", "other"], {"stub": told("known", "less")})
    assert found.ordered == ("known", "other", "stub")
    edge = WalkedEdge(eid="e", graph="operations", src="stub", type="PERFORMS_AT", dst="show", weight=0.9)
    assert found.led({"stub": (edge,)}, ["known", "other"]) == {"known": (edge,), "other": ()}


def test_namesakes_of_several_cities_leave_the_mentioned_one_where_it_is() -> None:
    several = {"stub": told("here", "there", is_plain=False)}
    assert best_known_first(["stub", "other"], several).ordered == ("stub", "other")
    assert best_known_first(["stub", "other", "there"], several).ordered == ("there", "other", "stub")


def test_a_ranking_without_doubles_stays_as_it_is() -> None:
    assert best_known_first(["a", "b"], {}).ordered == ("a", "b")
