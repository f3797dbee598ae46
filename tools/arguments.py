"""Arguments that tools share, and how loosely typed ones are read."""

import json
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Words = Annotated[str, StringConstraints(strip_whitespace=True)]
MAX_QUERY = 2_000


def _listed(value: object) -> object:
    """Some clients send a list as its JSON text, or a single value bare."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                return json.loads(text)
            except ValueError:
                return [value]
        return [part for part in (piece.strip() for piece in text.split(",")) if part]
    return value


Listed = BeforeValidator(_listed)


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
    max_tokens: int | None = Field(None, ge=100, le=20_000, description="default 1500 concise, 6000 detailed")

    @property
    def budget_tokens(self) -> int:
        """How many tokens the whole result may take."""
        return self.max_tokens or (1_500 if self.response_format == "concise" else 6_000)


class Paged(Reading):
    """A reading tool whose results come in pages."""

    limit: int = Field(8, ge=1, le=50)
    cursor: str | None = Field(None, max_length=400, description="next_cursor of the page before")


Moment = Annotated[AwareDatetime, Field(description="ISO 8601 with offset")]
