"""What is delivered: documents, and the triples that a set brings with them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from sonik.errors import did_you_mean
from sonik.identity.names import clean_text
from sonik.ingest.receipts import MAX_SHOWN, Problem, Receipt
from sonik.ingest.rows import Row
from sonik.knowledge.splitting import split
from sonik.retrieval.phrases import tokens
from sonik.types import Visibility

MOST_TEXT = 1_000_000
MOST_PASSAGES = 10_000
ExternalId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_TEXT)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000, pattern=r"^https?://\S+$")]
Lang = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z]{2,3}(-\w{2,8})?$")]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class _Delivered(BaseModel):
    """Unknown fields are refused, so that a typo is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Delivered = TypeVar("Delivered", bound=_Delivered)


class DocumentRecord(_Delivered):
    """A document: its id at its source, its title and its text, or the passages it is to be searched in."""

    id: ExternalId
    title: Title
    text: Text | None = None
    passages: Annotated[list[Text], Field(min_length=1, max_length=MOST_PASSAGES)] | None = None
    url: Url | None = None
    lang: Lang | None = None
    owner_org: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    visibility: Visibility = "public"

    @property
    def texts(self) -> list[str]:
        """Its passages, in order."""
        return list(self.passages) if self.passages is not None else split(self.text or "")

    @field_validator("id", "title", "text")
    @classmethod
    def _is_visible(cls, value: str | None) -> str | None:
        return None if value is None else _visible(value)

    @field_validator("passages")
    @classmethod
    def _are_visible(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else [_visible(passage) for passage in value]

    @model_validator(mode="after")
    def _has_one_text(self) -> Self:
        if (self.text is None) == (self.passages is None):
            raise ValueError("either 'text' or 'passages' is wanted")
        return self

    @model_validator(mode="after")
    def _has_an_owner(self) -> Self:
        if self.visibility == "org" and self.owner_org is None:
            raise ValueError("visibility 'org' needs an owner_org, whose people may see it")
        return self


class TriplesRecord(_Delivered):
    """What somebody extracted from a passage: the things it names, and what it says of them."""

    passage_id: ExternalId
    entities: Annotated[list[Short], Field(max_length=1_000)] = []
    triples: Annotated[list[tuple[Short, Short, Short]], Field(max_length=1_000)] = []


def read_record(row: Row, *, organisation: str | None) -> DocumentRecord | Receipt:
    """Return the row's document, or the receipt that says why there is none.

    `organisation` is the one it is delivered for: it may bring documents of its own only.
    """
    if row.content is not None and row.content.get("visibility") == "org" and organisation is not None:
        row = replace(row, content={"owner_org": organisation, **row.content})
    record = _validated(DocumentRecord, row)
    if isinstance(record, Receipt):
        return record
    if organisation is not None and record.owner_org not in (None, organisation):
        return refused(row, Problem(field="owner_org", reason=f"is not '{organisation}', for whom this is delivered"))
    return record


@dataclass(kw_only=True, slots=True)
class Extracted:
    """The triples that come with a delivery, by the passage they are of, and receipts of those nobody can use."""

    by_passage: dict[str, TriplesRecord] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    refused: list[Receipt] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Extracted":
        """Read rows of triples."""
        found = cls()
        for row in rows:
            record = _validated(TriplesRecord, row)
            if isinstance(record, Receipt):
                found.refused.append(record)
            else:
                found.by_passage[record.passage_id] = record
                found.lines[record.passage_id] = row.line
        return found

    def take(self, passage: str) -> TriplesRecord | None:
        """Return what was extracted from a passage; it is then known to be used."""
        self.lines.pop(passage, None)
        return self.by_passage.get(passage)

    def left(self) -> list[Receipt]:
        """Return receipts of what nobody took: its passage is not in the delivery."""
        problem = Problem(field="passage_id", reason="No passage of this delivery is called so.")
        return [
            Receipt(line=line, outcome="refused", name=f"triples of {passage[:MAX_SHOWN]}", problems=(problem,))
            for passage, line in self.lines.items()
        ]


def refused(row: Row, *problems: Problem) -> Receipt:
    """Return the receipt of a row that is not taken in."""
    title = row.content.get("title") if row.content else None
    shown = clean_text(title, max_length=MAX_SHOWN) if isinstance(title, str) else None
    return Receipt(line=row.line, outcome="refused", name=shown, problems=problems)


def _visible(text: str) -> str:
    cleaned = clean_text(text, max_length=MOST_TEXT)
    if not tokens(cleaned):
        raise ValueError("has no word in it")
    return cleaned


def _validated(model: type[Delivered], row: Row) -> Delivered | Receipt:
    if row.content is None:
        return refused(row, Problem(field="line", reason=row.problem))
    try:
        return model.model_validate(row.content)
    except ValidationError as error:
        known = list(model.model_fields)
        return refused(row, *(_problem(detail, known) for detail in error.errors(include_url=False)))


def _problem(detail: ErrorDetails, known: list[str]) -> Problem:
    path = [str(part) for part in detail["loc"]]
    where = clean_text(".".join(path), max_length=MAX_SHOWN) or "record"
    if detail["type"] == "extra_forbidden":
        return Problem(field=where, reason=f"Unknown field. {did_you_mean(path[-1], known)}")
    return Problem(field=where, reason=clean_text(detail["msg"].removeprefix("Value error, "), max_length=300))
