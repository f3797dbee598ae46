"""A set to measure on: passages, questions, and which passages answer which question."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sonik.errors import InvalidInput

Grades = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facets:
    """What a filter can ask of a thing of a world; times are aware, money in the city's units."""

    kind: str
    market: str
    genres: tuple[str, ...] = ()
    span: tuple[datetime, datetime] | None = None
    price: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A text that can be found."""

    id: str
    title: str
    text: str
    facets: Facets | None = None

    @property
    def whole(self) -> str:
        """The title and the text: what every system searches."""
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """What a language model read in a passage: names, and (subject, predicate, object)."""

    entities: tuple[str, ...]
    triples: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A question; `kinds` are the classes it is reported under."""

    id: str
    text: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Frozen:
    """A sample world: it is made from a seed, and it is always the same moment in it."""

    now: datetime
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """What is searched; `extractions` by passage id, for the passages that have one.

    Of a `world` the passages are what a plain index holds of its things; Sonik takes in what its sources deliver.
    """

    name: str
    passages: tuple[Passage, ...]
    extractions: Mapping[str, Extraction] = field(default_factory=dict)
    world: Frozen | None = None

    @property
    def digest(self) -> str:
        """A hash of all that a system can index."""
        rows = [[passage.id, passage.title, passage.text] for passage in self.passages]
        read = [[key, *one.entities, *map(list, one.triples)] for key, one in sorted(self.extractions.items())]
        return digest([rows, read])


@dataclass(frozen=True, kw_only=True, slots=True)
class Qrels:
    """The relevant passages of each question, with grades above zero.

    Raises:
        InvalidInput: a question has no relevant passage, or a grade is not above zero.
    """

    grades: Grades

    def __post_init__(self) -> None:
        for question, grades in self.grades.items():
            if not grades or min(grades.values()) < 1:
                message = f"The question {question} has no relevant passage, or one with a grade below 1."
                raise InvalidInput(message, next_step="Give every question at least one id with grade 1.")

    @property
    def digest(self) -> str:
        """A hash of all judgements."""
        return digest([[key, sorted(grades.items())] for key, grades in sorted(self.grades.items())])


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """A corpus, the questions asked of it, and the judgements."""

    name: str
    corpus: Corpus
    queries: tuple[Query, ...]
    qrels: Qrels

    @property
    def digest(self) -> str:
        """A hash of everything a result depends on: results of different digests are not compared."""
        return digest([self.corpus.digest, self.qrels.digest, [[query.id, query.text] for query in self.queries]])

    def first(self, questions: int | None) -> "Dataset":
        """Return the set with its first questions only; all of them for None."""
        if questions is None:
            return self
        kept = self.queries[:questions]
        return replace(
            self, queries=kept, qrels=Qrels(grades={query.id: self.qrels.grades[query.id] for query in kept})
        )


def digest(value: object) -> str:
    """Return a short hash of a JSON value."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()[:16]
