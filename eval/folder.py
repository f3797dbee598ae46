"""Sets in folders: `corpus.jsonl`, `queries.jsonl` and, where a set has them, `triples.jsonl`."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.dataset import Corpus, Dataset, Extraction, Passage, Qrels, Query
from sonik.errors import InvalidInput, NotFound

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"
TRIPLES = "triples.jsonl"
FORMAT = "docs/how-to/evaluate.md shows the format."

Name = Annotated[str, Field(min_length=1)]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _PassageLine(_Line):
    id: Name
    title: str
    text: str

    @property
    def key(self) -> str:
        return self.id


class _QueryLine(_Line):
    id: Name
    question: Name
    gold_ids: Annotated[list[Name], Field(min_length=1)]
    type: str | None = None
    hops: int | None = None
    tags: list[str] = []

    @property
    def key(self) -> str:
        return self.id

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind in (self.type, f"{self.hops} hops" if self.hops else None, *self.tags) if kind)


class _TriplesLine(_Line):
    passage_id: Name
    entities: list[str] = []
    triples: list[list[str]] = []

    @property
    def key(self) -> str:
        return self.passage_id


AnyLine = TypeVar("AnyLine", _PassageLine, _QueryLine, _TriplesLine)


def read_folder(folder: Path) -> Dataset:
    """Read a set.

    Raises:
        NotFound: the folder or one of its two files is not there.
        InvalidInput: a line is malformed or repeated, or names a passage that is not in the corpus.
    """
    corpus = _corpus(folder)
    known = {passage.id for passage in corpus.passages}
    lines = list(_lines(folder / QUERIES, _QueryLine))
    for number, line in lines:
        _known(line.gold_ids, known, at=_at(folder / QUERIES, number), field="gold_ids")
    return Dataset(
        name=corpus.name,
        corpus=corpus,
        queries=tuple(Query(id=line.id, text=line.question, kinds=line.kinds) for _, line in lines),
        qrels=Qrels(grades={line.id: dict.fromkeys(line.gold_ids, 1) for _, line in lines}),
    )


def _corpus(folder: Path) -> Corpus:
    passages = tuple(
        Passage(id=line.id, title=line.title, text=line.text) for _, line in _lines(folder / CORPUS, _PassageLine)
    )
    known = {passage.id for passage in passages}
    extractions = {}
    path = folder / TRIPLES
    for number, line in _lines(path, _TriplesLine) if path.exists() else ():
        _known([line.passage_id], known, at=_at(path, number), field="passage_id")
        extractions[line.passage_id] = _extraction(line, at=_at(path, number))
    return Corpus(name=folder.resolve().name, passages=passages, extractions=extractions)


def _extraction(line: _TriplesLine, *, at: str) -> Extraction:
    triples = []
    for triple in line.triples:
        if len(triple) != 3:
            raise _wrong(at, f"a triple has {len(triple)} parts instead of 3", field="triples")
        triples.append((triple[0], triple[1], triple[2]))
    return Extraction(entities=tuple(line.entities), triples=tuple(triples))


def _lines(path: Path, form: type[AnyLine]) -> Iterator[tuple[int, AnyLine]]:
    """Yield each line with its number.

    Raises:
        NotFound: the file is not there.
        InvalidInput: a line is malformed or repeats an id, or there is none.
    """
    seen: dict[str, int] = {}
    for number, content in enumerate(_content(path).split(b"\n"), start=1):
        if not content.strip():
            continue
        try:
            line = form.model_validate_json(content)
        except ValidationError as error:
            raise _malformed(_at(path, number), error) from error
        if (first := seen.setdefault(line.key, number)) != number:
            raise _wrong(_at(path, number), f"'{line.key[:60]}' is already on line {first}", field="id")
        yield number, line
    if not seen:
        raise InvalidInput(f"{path.name} holds no lines.", next_step=FORMAT, field=path.name)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"There is no {path.name} in {path.parent}.", next_step=FORMAT, field=path.name) from error
    except OSError as error:
        step = "Check that it is a file this account may read."
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", next_step=step, field=path.name) from error


def _known(ids: Collection[str], known: Collection[str], *, at: str, field: str) -> None:
    for key in ids:
        if key not in known:
            raise _wrong(at, f"no passage of {CORPUS} has the id '{key[:60]}'", field=field)


def _malformed(at: str, error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return _wrong(at, first["msg"][:1].lower() + first["msg"][1:], field=where or None)


def _wrong(at: str, problem: str, *, field: str | None) -> InvalidInput:
    part = f", field {field}" if field else ""
    return InvalidInput(f"{at}{part}: {problem}.", next_step=f"Correct the line; {FORMAT}", field=field)


def _at(path: Path, number: int) -> str:
    return f"{path.name} line {number}"
