"""What two questions must share to share an answer, without a store."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.pairs import Pair, names, near_duplicates, paraphrases
from sonik.clock import Clock
from sonik.identity.names import fold
from sonik.retrieval.likeness import alike
from sonik.retrieval.linking import Alias, Mentions
from sonik.retrieval.question import Question, read_question
from sonik.retrieval.slots import Slots, night_of, slots_of
from sonik.retrieval.understand import Understood
from sonik.types import Near, Scope
from tests.fix_questions import VOCABULARY

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
PAIRS = near_duplicates()
PUBLIC = Scope()


def slots(question: Question, *, scope: Scope = PUBLIC, now: datetime = NOW) -> Slots:
    """Read a question over a market where everybody the pairs name is known."""
    text = fold(question.query)
    known = [
        Alias(
            folded=fold(name), id=uuid5(NAMESPACE_URL, name), entity_type="venue", market=None, starts_at=None,
            until=None,
        )
        for name in names()
        if f" {fold(name)} " in f" {text} "
    ]  # fmt: skip
    asked = read_question(
        question, Mentions(by_name=known), vocabulary=VOCABULARY, clock=Clock.frozen(now), default_market="medellin"
    )
    return slots_of(asked, question, scope=scope, edge_budget=2000)


def shared(one: Slots, other: Slots) -> bool:
    """Say whether one question may be given the other's answer, however near their vectors are."""
    worded = one.is_worded and other.is_worded
    return one.key == other.key or (worded and one.tags == other.tags and alike(one.beside, other.beside))


def test_hundreds_of_pairs_that_differ_in_one_slot_share_no_answer() -> None:
    assert len(PAIRS) >= 200
    assert [pair for pair in PAIRS if shared(slots(pair.first), slots(pair.second))] == []


def test_what_is_asked_in_other_words_shares_its_answer_wherever_the_slots_are_read_alike() -> None:
    read = [(slots(pair.first), slots(pair.second)) for pair in paraphrases()]
    alike_in_slots = [pair for pair in read if pair[0].tags == pair[1].tags]
    assert [pair for pair in alike_in_slots if not shared(*pair)] == []
    assert len(alike_in_slots) >= 2 * len(read) / 3


@given(st.sampled_from(PAIRS), st.sampled_from(["", "?", " !!", "  "]), st.booleans())
def test_case_and_punctuation_make_no_other_question(pair: Pair, end: str, shouted: bool) -> None:
    text = pair.first.query.rstrip("?") + end
    again = replace(pair.first, query=text.lower() if shouted else text)
    assert slots(again).tags["window"] == slots(pair.first).tags["window"]
    assert shared(slots(replace(pair.first, query=text)), slots(pair.first))


@pytest.mark.parametrize(
    "other",
    [
        Scope(role="staff"), Scope(role="organizer", organisation="acme"), Scope(organisation="acme"),
        Scope(collection="bench"),
    ],
)  # fmt: skip
def test_who_sees_other_things_never_shares_an_answer(other: Scope) -> None:
    question = Question(query="un bar con terraza")
    assert not shared(slots(question), slots(question, scope=other))


TOLD_ONLY = {"intent", "content", "names", "rest"}  # words, and what is told of them
OTHERWISE = {
    "language": "pt", "market": "quito", "window": None, "near": Near(lat=1, lng=2, km=3), "price_max": Decimal(9),
    "currency": "USD", "is_free": True, "kinds": ("venue",), "genres": ("jazz",), "shares_bill": True,
}  # fmt: skip


@pytest.mark.parametrize("slot", [field.name for field in fields(Understood) if field.name not in TOLD_ONLY])
def test_every_slot_that_is_understood_tells_questions_apart(slot: str) -> None:
    """A slot added to `Understood` fails here until it is known how it tells questions apart."""
    question = Question(query="salsa esta noche por menos de 50 mil")
    asked = read_question(
        question, Mentions(), vocabulary=VOCABULARY, clock=Clock.frozen(NOW), default_market="medellin"
    )
    understood = replace(asked.understood, **{slot: OTHERWISE[slot]})  # type: ignore[arg-type]
    other = replace(asked, understood=understood, kinds=understood.kinds or asked.kinds)
    assert slots_of(asked, question, scope=PUBLIC, edge_budget=1).tags != slots_of(
        other, question, scope=PUBLIC, edge_budget=1
    ).tags  # fmt: skip


def test_two_users_who_see_the_same_share_an_answer() -> None:
    question = Question(query="un bar con terraza")
    assert shared(slots(question, scope=Scope(user="ana")), slots(question, scope=Scope(user="luis")))


def test_tonight_is_another_night_tomorrow() -> None:
    question = Question(query="¿Qué hay esta noche?")
    assert shared(slots(question), slots(question, now=NOW + timedelta(hours=2)))
    assert not shared(slots(question), slots(question, now=NOW + timedelta(days=1)))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("terraza", "terrazas", True), ("bar bonito", "bares lindos", True), ("=terraza", "terraza", False),
        ("=pericos", "=perico", False), ("puerta", "puerto", False), ("terraza terraza", "terraza", False),
        ("restaurantes", "restaurante", True), ("piscina", "terraza", False), ("2", "3", False),
        ("", "terraza", False), ("tres", "tre", False), ("campus", "campu", False), ("wines", "win", False),
        ("de la terraza", "una terraza", True),
    ],
)  # fmt: skip
def test_words_are_alike_in_number_and_meaning_only(one: str, other: str, same: bool) -> None:
    assert (alike(one, other), alike(other, one)) == (same, same)


MOMENTS = st.timedeltas(timedelta(), timedelta(days=7_000)).map(lambda past: datetime(2020, 1, 1, tzinfo=UTC) + past)


@given(MOMENTS, st.timedeltas(timedelta(), timedelta(days=3)), st.timedeltas(timedelta(), timedelta(days=3)))
def test_what_overlaps_shares_a_night(start: datetime, lasts: timedelta, after: timedelta) -> None:
    other = start + min(after, lasts)  # begins while the first goes on
    assert night_of(start) <= night_of(other) <= night_of(start + lasts)
