"""What a source last told: the newest word stands, and hearing the same words again changes nothing."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sonik.identity.telling import Telling, Word

START = datetime(2026, 11, 21, tzinfo=UTC)


def word(digest: str, *, hours: int = 0, row: str = "r", dated: bool = True) -> Word:
    return Word(row=row, digest=digest, observed_at=START + timedelta(hours=hours), dated=dated)


WORDS = st.builds(
    lambda digest, hours, row: word(digest, hours=hours, row=row),
    st.sampled_from("abc"), st.integers(0, 3), st.sampled_from("rs"),
)  # fmt: skip


@given(st.lists(WORDS, min_size=1))
def test_a_second_hearing_of_dated_words_changes_nothing(words: list[Word]) -> None:
    telling = Telling()
    for one in words:
        telling.hear(one)
    before = (telling.observed_at, list(telling.words))
    stood = [telling.hear(one) and telling.stands(one) for one in words]
    assert (telling.observed_at, list(telling.words)) == before
    assert {one.mark for one, stands in zip(words, stood, strict=True) if stands} == {telling.words[-1]}
    assert telling.observed_at == max(one.observed_at for one in words)


def test_the_later_of_two_words_of_one_moment_stands() -> None:
    telling = Telling()
    assert telling.hear(word("a"))
    assert telling.hear(word("b"))
    assert not telling.hear(word("a"))
    assert telling.stands(word("b"))


def test_an_undated_row_says_nothing_new_by_repeating_itself_beside_another() -> None:
    telling = Telling()
    for hours, (digest, row) in enumerate((("a", "r"), ("b", "s"))):
        assert telling.hear(word(digest, hours=hours, row=row, dated=False))
    assert not telling.hear(word("a", hours=2, row="r", dated=False))
    assert telling.hear(word("c", hours=3, row="r", dated=False))
    assert telling.hear(word("a", hours=4, row="r", dated=False))


def test_a_part_is_news_once_at_its_moment() -> None:
    telling = Telling()
    heard = [telling.hear_part(word(digest, hours=hours)) for digest, hours in (("a", 0), ("b", 0), ("a", 0), ("a", 1))]
    assert heard == [True, True, False, True]
