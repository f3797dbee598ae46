"""What is delivered: documents, and the triples that a set brings with them."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from sonik.errors import did_you_mean
from sonik.identity.names import clean_text
from sonik.ingest.receipts import MAX_SHOWN, Problem, Receipt
from sonik.ingest.rows import Row
from sonik.retrieval.phrases import tokens
from sonik.types import Visibility

MOST_TEXT = 1_000_000
ExternalId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_TEXT)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000, pattern=r"^https?://\S+$")]
Lang = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z]{2,3}(-\w{2,8})?$")]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class _Delivered(BaseModel):
    """Unknown fields are refused, so that a typo is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DocumentRecord(_Delivered):
    """A document: its id at its source, its title and its text."""

    id: ExternalId
    title: Title
    text: Text
    url: Url | None = None
    lang: Lang | None = None
    owner_org: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    visibility: Visibility = "public"

    @field_validator("id", "title", "text")
    @classmethod
    def _is_visible(cls, value: str) -> str:
        cleaned = clean_text(value, max_length=MOST_TEXT)
        if not tokens(cleaned):
            raise ValueError("has no word in it")
        return cleaned

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
    if row.content is None:
        return refused(row, Problem(field="line", reason=row.problem))
    content = dict(row.content)
    if content.get("visibility") == "org" and organisation is not None:
        content.setdefault("owner_org", organisation)
    try:
        record = DocumentRecord.model_validate(content)
    except ValidationError as error:
        return refused(row, *(_problem(detail) for detail in error.errors(include_url=False)))
    if organisation is not None and record.owner_org not in (None, organisation):
        return refused(row, Problem(field="owner_org", reason=f"is not '{organisation}', for whom this is delivered"))
    return record


def read_triples(row: Row) -> TriplesRecord | Receipt:
    """Return the row's triples, or the receipt that says why there are none."""
    if row.content is None:
        return refused(row, Problem(field="line", reason=row.problem))
    try:
        return TriplesRecord.model_validate(row.content)
    except ValidationError as error:
        return refused(row, *(_problem(detail) for detail in error.errors(include_url=False)))


def refused(row: Row, *problems: Problem) -> Receipt:
    """Return the receipt of a row that is not taken in."""
    title = row.content.get("title") if row.content else None
    shown = clean_text(title, max_length=MAX_SHOWN) if isinstance(title, str) else None
    return Receipt(line=row.line, outcome="refused", name=shown, problems=problems)


def _problem(detail: ErrorDetails) -> Problem:
    path = [str(part) for part in detail["loc"]]
    field = clean_text(".".join(path), max_length=MAX_SHOWN) or "record"
    if detail["type"] == "extra_forbidden":
        known = [*DocumentRecord.model_fields] if len(path) == 1 else []
        return Problem(field=field, reason=f"Unknown field. {did_you_mean(path[-1], known)}")
    return Problem(field=field, reason=clean_text(detail["msg"].removeprefix("Value error, "), max_length=300))
