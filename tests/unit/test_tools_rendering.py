"""Packing: as many entries as fit, one at least, and what gives way for it."""

from collections.abc import Iterator

from tools.rendering import dumped, fitted, packed
from tools.results import Entry, SearchResult, SourceText, TraceOut, TraceStep, brief, markdown, shortened, slots


def entry(number: int) -> Entry:
    about = SourceText(source_text="Una noche larga de tambores y de gente que no se quiere ir. " * 5)
    return Entry(ref=f"noche-{number}", kind="event", name=f"Noche {number}", when="2026-11-21 22:00", about=about)


def result(*, traced: bool = False) -> SearchResult:
    steps = [TraceStep(step=f"step {number}", ms=1.0, rows=1, note="so many rows") for number in range(20)]
    trace = TraceOut(steps=steps) if traced else None
    return SearchResult(trace_id="0" * 16, as_of="2026-11-21T20:00:00+00:00", understood={}, hits=[], trace=trace)


def test_entries_are_kept_while_they_fit() -> None:
    entries = [entry(number) for number in range(30)]
    page = packed(result(), "hits", entries, budget=1_500)
    rendered = page.rendered(next_cursor="A" * 22, truncated=True, text=markdown("hits", page.shown))
    assert page.shown == entries[: len(page.shown)]
    assert page.left_out == 30 - len(page.shown)
    assert 1_300 < rendered.tokens <= 1_500


def test_the_trace_gives_way_to_the_first_entry() -> None:
    page = packed(result(traced=True), "hits", [entry(1)], budget=450)
    assert page.result.trace is None
    assert page.shown == [entry(1)]


def test_the_first_entry_gives_up_its_details_before_it_is_left_out() -> None:
    page = packed(result(), "hits", [entry(1), entry(2)], budget=200)
    assert page.shown == [Entry(ref="noche-1", kind="event", name="Noche 1", when="2026-11-21 22:00")]
    assert page.left_out == 1


def test_nothing_found_needs_no_room() -> None:
    assert packed(result(), "hits", [], budget=400).shown == []


def test_empty_fields_are_not_sent() -> None:
    assert dumped(brief(entry(1))) == {
        "ref": "noche-1", "kind": "event", "name": "Noche 1", "when": "2026-11-21 22:00"
    }  # fmt: skip


def test_a_long_text_is_cut_with_a_sign() -> None:
    assert shortened("abc", limit=3) == "abc"
    assert shortened("abcd", limit=3) == "ab…"


def test_understood_slots_are_kept_short() -> None:
    told = slots(
        {"when": "x" * 200, "genres": [f"genre {number}" for number in range(40)], "is_free": True, "none": None}
    )
    assert told["when"] == "x" * 79 + "…"
    assert len(told["genres"]) == 10  # type: ignore[arg-type]
    assert told["is_free"] is True
    assert "none" not in told


def test_the_first_version_that_fits_is_shown_and_the_smallest_where_none_does() -> None:
    def without_last(whole: SearchResult) -> Iterator[SearchResult]:
        for kept in range(len(whole.hits) - 1, -1, -1):
            yield whole.model_copy(update={"hits": whole.hits[:kept]})

    whole = result().model_copy(update={"hits": [entry(number) for number in range(20)]})
    shown = [
        len(fitted(whole, without_last, budget=budget, text=lambda version: f"{len(version.hits)} hits").result.hits)
        for budget in (100_000, 1_000, 1)
    ]
    assert shown[0] == 20
    assert 0 < shown[1] < 20
    assert shown[2] == 0
