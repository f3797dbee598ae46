"""A set is read whole, or the error names the file, the line and the field."""

from pathlib import Path

import pytest

from eval.catalog import load, names
from eval.dataset import Extraction, Passage, Query
from eval.folder import read_folder
from eval.product.set import SPLITS
from sonik.errors import InvalidInput, NotFound
from tests.fix_eval import PASSAGES, QUERIES, write_set

TRIPLES = (
    {"passage_id": "p2", "entities": ["Inés Paredes"], "triples": [["Trío Niebla", "founded by", "Inés Paredes"]]},
)


def test_a_folder_becomes_a_set(tmp_path: Path) -> None:
    found = read_folder(write_set(tmp_path / "nights", triples=TRIPLES))
    assert found.name == "nights"
    assert found.corpus.passages[1] == Passage(
        id="p2", title="Trío Niebla", text="A cumbia trio founded by Inés Paredes."
    )
    assert found.queries[0] == Query(id="q1", text="Which trio plays at Loma Alta?", kinds=("bridge",))
    assert found.qrels.grades["q1"] == {"p1": 1, "p2": 1}
    assert found.corpus.extractions == {
        "p2": Extraction(entities=("Inés Paredes",), triples=(("Trío Niebla", "founded by", "Inés Paredes"),))
    }


def test_hops_are_the_kind_where_a_set_tells_no_type(tmp_path: Path) -> None:
    query = {"id": "q1", "question": "Who?", "gold_ids": ["p1"], "hops": 3}
    assert read_folder(write_set(tmp_path, queries=[query])).queries[0].kinds == ("3 hops",)


@pytest.mark.parametrize(
    ("file", "line", "told"),
    [
        ("queries.jsonl", "{", "queries.jsonl line 6: invalid JSON"),
        ("queries.jsonl", '{"id": "q9", "question": "Who?"}', "queries.jsonl line 6, field gold_ids: field required"),
        (
            "queries.jsonl", '{"id": "q9", "question": "Who?", "gold_ids": []}',
            "queries.jsonl line 6, field gold_ids: list should have at least 1 item",
        ),
        (
            "queries.jsonl", '{"id": "q9", "question": "Who?", "gold_ids": ["p1", "p99"]}',
            "queries.jsonl line 6, field gold_ids: no passage of corpus.jsonl has the id 'p99'",
        ),
        (
            "queries.jsonl", '{"id": "q1", "question": "Who?", "gold_ids": ["p1"]}',
            "queries.jsonl line 6, field id: 'q1' is already on line 1",
        ),
        (
            "queries.jsonl", '{"id": 9, "question": "Who?", "gold_ids": ["p1"]}',
            "queries.jsonl line 6, field id: input should be a valid string",
        ),
        ("corpus.jsonl", '{"id": "p9", "title": "T"}', "corpus.jsonl line 7, field text: field required"),
        (
            "corpus.jsonl", '{"id": "p1", "title": "T", "text": "t"}',
            "corpus.jsonl line 7, field id: 'p1' is already on line 1",
        ),
        ("corpus.jsonl", '["p9"]', "corpus.jsonl line 7: input should be an object"),
        ("corpus.jsonl", '{"id": "", "title": "T", "text": "t"}', "corpus.jsonl line 7, field id: string should have"),
        (
            "triples.jsonl", '{"passage_id": "p99"}',
            "triples.jsonl line 2, field passage_id: no passage of corpus.jsonl has the id 'p99'",
        ),
        (
            "triples.jsonl", '{"passage_id": "p1", "triples": [["a", "b"]]}',
            "triples.jsonl line 2, field triples: a triple has 2 parts instead of 3",
        ),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_named(tmp_path: Path, file: str, line: str, told: str) -> None:
    folder = write_set(tmp_path / "nights", triples=TRIPLES)
    with (folder / file).open("a", encoding="utf-8") as written:
        written.write(line + "\n")
    with pytest.raises(InvalidInput) as caught:
        read_folder(folder)
    assert caught.value.message.startswith(told)
    assert "evaluate.md" in caught.value.next_step


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    (folder / "corpus.jsonl").write_bytes(b'{"id": "p1", "title": "\xff", "text": ""}\n')
    with pytest.raises(InvalidInput, match=r"corpus.jsonl line 1"):
        read_folder(folder)


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    folder = write_set(tmp_path)
    (folder / "queries.jsonl").write_text("\n")
    with pytest.raises(InvalidInput, match=r"queries.jsonl holds no lines"):
        read_folder(folder)
    (folder / "queries.jsonl").unlink()
    with pytest.raises(NotFound, match=r"There is no queries.jsonl"):
        read_folder(folder)


def test_a_set_is_found_by_its_name_or_its_folder(data: Path) -> None:
    assert names(data) == [*SPLITS, "nights"]
    assert load("nights", data=data) == load(str(data / "nights"), data=Path("nowhere"))


def test_an_unknown_set_brings_the_nearest_to_mind(data: Path) -> None:
    with pytest.raises(NotFound) as caught:
        load("night", data=data)
    assert caught.value.next_step == "Did you mean 'nights'?"
    with pytest.raises(NotFound, match="name their folder with --data"):
        load("nights", data=data / "nights")


def test_a_limit_keeps_the_first_questions_and_all_passages(data: Path) -> None:
    whole, first = load("nights", data=data), load("nights", data=data, limit=2)
    assert ([query.id for query in first.queries], list(first.qrels.grades)) == (["q1", "q2"], ["q1", "q2"])
    assert first.corpus == whole.corpus
    assert first.digest != whole.digest
    with pytest.raises(InvalidInput, match="0 questions"):
        load("nights", data=data, limit=0)


def test_a_part_is_the_beginning_of_its_set(tmp_path: Path) -> None:
    passages = [{"id": f"p{number}", "title": f"T{number}", "text": "text"} for number in range(800)]
    queries = [{"id": f"q{number}", "question": "Who?", "gold_ids": [f"p{number}"]} for number in range(120)]
    write_set(tmp_path / "2wikimultihopqa", passages=passages, queries=queries)
    found = load("2wiki-101", data=tmp_path)
    assert (found.name, len(found.corpus.passages), len(found.queries)) == ("2wiki-101", 785, 101)
    assert names(tmp_path) == [*SPLITS, "2wikimultihopqa", "2wiki-51", "2wiki-101"]


def test_another_order_of_passages_is_no_beginning(tmp_path: Path) -> None:
    write_set(
        tmp_path / "2wikimultihopqa",
        passages=[{"id": f"p{number}", "title": "T", "text": "text"} for number in reversed(range(800))],
        queries=[{"id": "q0", "question": "Who?", "gold_ids": ["p0"]}],
    )
    with pytest.raises(InvalidInput, match="2wiki-51 is not the beginning"):
        load("2wiki-51", data=tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"passages": [{**PASSAGES[0], "text": "Another text."}, *PASSAGES[1:]]},
        {"queries": [{**QUERIES[0], "gold_ids": ["p1"]}, *QUERIES[1:]]},
        {"queries": [{**QUERIES[0], "question": "Who?"}, *QUERIES[1:]]},
        {"triples": TRIPLES},
    ],
)
def test_whatever_changes_in_a_set_changes_its_digest(
    tmp_path: Path, changed: dict[str, list[dict[str, object]]]
) -> None:
    before = read_folder(write_set(tmp_path / "a"))
    assert read_folder(write_set(tmp_path / "b", **changed)).digest != before.digest
