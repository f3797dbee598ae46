from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.identity.names import fold
from sonik.retrieval.wording import FUNCTION, NAME_TOKENS, names_in, words_of
from tests.fix_questions import ask


def test_candidates_are_folded_and_come_longest_first() -> None:
    assert names_in("¿Toca Bomba Estéreo?") == [
        "toca bomba estereo",
        "toca bomba",
        "bomba estereo",
        "toca",
        "bomba",
        "estereo",
    ]


def test_function_words_alone_are_no_name_but_may_begin_or_join_one() -> None:
    assert names_in("en la 33") == ["en la 33", "la 33", "33"]
    assert "salsa al parque" in names_in("quién toca en Salsa al Parque")
    assert names_in("¿qué es lo que hay?") == []


def test_a_name_is_looked_up_as_its_alias_is_folded() -> None:
    for alias in ("A$AP Rocky", "R&B", "Guns N' Roses", "AC/DC", "São Paulo", "Ke$ha", "D’Angelo", "Jay-Z"):
        assert fold(alias) in names_in(f"entradas para {alias} mañana")


def test_a_market_in_a_name_stays_a_candidate() -> None:
    assert {"teatro mexico", "mexico"} <= set(names_in("conciertos en el Teatro México"))


def test_a_candidate_named_twice_is_asked_once() -> None:
    assert names_in("salsa salsa") == ["salsa salsa", "salsa"]


def test_a_pasted_text_gives_a_bounded_number_of_candidates() -> None:
    assert len(names_in(" ".join(f"palabra{number}" for number in range(5000)))) < 1024


def test_words_keep_dates_numbers_and_money_in_one_piece() -> None:
    text = "Ke$ha 05/12/2026 22:30 50.000 R$ 20 US$5 5–8 dez 2026-12-05/2026-12-07"
    assert [word.text for word in words_of(text)] == [
        "kesha", "05/12/2026", "22:30", "50.000", "r$", "20", "us$", "5", "5", "-", "8", "dez",
        "2026-12-05", "/", "2026-12-07",
    ]  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(max_size=300))
def test_any_text_gives_folded_candidates_of_one_to_eight_words(text: str) -> None:
    names = names_in(text)
    sizes = [len(name.split(" ")) for name in names]
    assert sizes == sorted(sizes, reverse=True)
    assert all(1 <= size <= NAME_TOKENS for size in sizes)
    assert all(fold(name) == name and not FUNCTION.issuperset(name.split(" ")) for name in names)


def test_a_name_that_stands_out_is_read_as_nothing_else() -> None:
    dated = ask("Viernes de Cobre del 20 de noviembre", names={"viernes de cobre"})
    assert (dated.names, dated.content, dated.rest) == (("viernes de cobre",), "viernes cobre", "")
    assert dated.window is not None
    assert dated.window.label == "20 de noviembre"
    assert ask("salsa al parque este finde", names={"salsa al parque"}).genres == ()
    assert ask("conciertos en el Teatro México", names={"teatro mexico"}).market == "medellin"


def test_a_name_is_found_however_its_words_are_cut() -> None:
    for query, name in (
        ("próximos conciertos de Neblina 4:40", "neblina 4 40"),
        ("What's on by «Neblina 4:40»?", "neblina 4 40"),
        ("quién toca en Sótano 7½ hoy", "sotano 71 2"),
        ("qué hay en El 24/7 mañana", "el 24 7"),
    ):
        understood = ask(query, names={name})
        assert (understood.names, understood.rest) == ((name,), "")
    assert ask("salsa a las 4:40", names={"4"}).names == ()


def test_words_that_somebody_is_called_by_stay_words_unless_they_stand_out() -> None:
    assert ask("noche de salsa hoy", names={"salsa", "noche de salsa"}).names == ()
    assert ask("noche de salsa hoy", names={"salsa", "noche de salsa"}).genres == ("salsa",)
    for by_name in ("noche de salsa", "quién es Noche de Salsa", "eventos de Noche de Salsa", 'hoy "noche de salsa"'):
        assert ask(by_name, names={"salsa", "noche de salsa"}).names == ("noche de salsa",)


def test_what_neither_a_name_nor_a_genre_explains_is_the_rest() -> None:
    understood = ask("conciertos de jazz acústico en La Trasnochada", names={"la trasnochada"})
    assert (understood.names, understood.genres, understood.rest) == (("la trasnochada",), ("jazz",), "acustico")


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.text(max_size=80), st.frozensets(st.sampled_from(["hoy", "salsa", "la 33", "viernes de cobre", "a"])))
def test_names_never_change_what_a_question_without_them_asks(text: str, names: frozenset[str]) -> None:
    understood = ask(text, names=names)
    assert set(understood.names) <= names & set(names_in(text))
    if not understood.names:
        assert understood == ask(text)
