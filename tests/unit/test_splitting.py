"""Texts cut into passages."""

from hypothesis import given
from hypothesis import strategies as st

from sonik.knowledge.splitting import PIECE, WHOLE_UP_TO, split


def test_a_text_of_usual_length_is_one_passage() -> None:
    text = "Una frase.\n\nOtra. " * 20
    assert split(text) == [text]


def test_paragraphs_are_kept_together_up_to_the_length_of_a_piece() -> None:
    short, long = "Un párrafo corto. " * 10, "Un párrafo largo. " * 50
    assert split(f"{short}\n\n{short}\n\n{long}", whole_up_to=PIECE) == [f"{short}\n\n{short}", long]


def test_a_paragraph_that_is_too_long_is_cut_between_sentences() -> None:
    sentence = "Una frase de cuarenta letras, más o menos."
    pieces = split(" ".join([sentence] * 60), whole_up_to=PIECE)
    assert len(pieces) > 1
    assert {piece[-len(sentence) :] for piece in pieces} == {sentence}


@given(st.text(alphabet="ab .!\n", min_size=1, max_size=5_000))
def test_nothing_but_white_space_is_lost_and_no_piece_is_too_long(text: str) -> None:
    pieces = split(text, whole_up_to=PIECE)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert len(pieces) == 1 or all(len(piece) <= PIECE + 2 for piece in pieces)


def test_a_word_without_end_is_cut() -> None:
    assert max(map(len, split("x" * (WHOLE_UP_TO + 1)))) <= PIECE
