"""Arguments that tools share, and how loosely typed ones are read."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from sonik.identity.names import strip_invisible

FEWEST_TOKENS = 400
CONCISE_TOKENS = 1_500
DETAILED_TOKENS = 6_000
MOST_PROBLEMS = 5
# Control characters, and marks that turn the direction of what follows.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


def text(*, least: int = 0, most: int = 200) -> AfterValidator:
    """Return what makes a string a text: nothing unseen in it, and so many characters."""

    def check(value: str) -> str:
        seen = strip_invisible(_UNSEEN.sub(" ", value)).strip()
        if len(seen) < least:
            raise ValueError("there is nothing in it")
        if len(seen) > most:
            raise ValueError(f"{len(seen):,} characters are too many; {most:,} is the most")
        return seen

    return AfterValidator(check)


Name = Annotated[str, text()]


def one_of(*values: str) -> FieldInfo:
    """Return what tells agents the values of a text; the engine refuses others, and names the nearest."""
    info: FieldInfo = Field(json_schema_extra={"enum": list(values)})
    return info


def _listed(value: object) -> object:
    """Some clients send a list as its JSON text, or a single value bare."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                return [value]
        return [part for part in (piece.strip() for piece in text.split(",")) if part]
    return value


Listed = BeforeValidator(_listed)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("there is no such moment in UTC") from error


Cursor = Annotated[str | None, Field(max_length=400)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Arguments(BaseModel):
    """Base of every tool's arguments: unknown names are refused, so that a typo is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Arguments):
    """A circle on the map."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lng: float = Field(ge=-180, le=180, allow_inf_nan=False)
    km: float = Field(5, gt=0, le=500, allow_inf_nan=False)


class Reading(Arguments):
    """What every reading tool takes besides its own arguments."""

    response_format: Literal["concise", "detailed"] = "concise"
    max_tokens: int | None = Field(None, ge=FEWEST_TOKENS, le=20_000)

    @property
    def budget_tokens(self) -> int:
        """How many tokens the whole result may take."""
        return self.max_tokens or (CONCISE_TOKENS if self.response_format == "concise" else DETAILED_TOKENS)


class Paged(Reading):
    """A reading tool whose results come in pages."""

    limit: int = Field(8, ge=1, le=50)
    cursor: Cursor = None


def problems(error: ValidationError) -> str:
    """Return what is wrong with some arguments, in one line."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    told = [f"{'.'.join(map(str, d['loc'])) or 'arguments'}: {_reason(d['type'], d['msg'])}" for d in details]
    return "; ".join(told[:MOST_PROBLEMS])


def _reason(kind: str, message: str) -> str:
    return "there is no such argument" if kind == "extra_forbidden" else message.removeprefix("Value error, ")
