"""Published schemas: short, and no argument lost on the way."""

import pytest
from pydantic import BaseModel, Field

from server.schemas import input_schema, output_schema
from tools.catalog import TOOLS, AnyTool


class Inner(BaseModel):
    """A class's docstring is for its readers in code."""

    title: str = Field(description="a property that is named like a keyword")
    format: str = "plain"


class Shared(BaseModel):
    limit: int = Field(8, ge=1, le=50, description="how many")
    maximum: float | None = None


class Asked(Shared):
    query: str = Field(min_length=2)
    inner: Inner | None = None
    names: list[str] = []
    sort: str = Field("time", json_schema_extra={"enum": ["time", "price"]})
    from_: str = Field("", serialization_alias="from")


def test_bounds_titles_nulls_and_idle_defaults_are_left_out() -> None:
    assert input_schema(Asked) == {
        "type": "object",
        "required": ["query"],
        "additionalProperties": False,
        "properties": {
            "query": {"type": "string"},
            "inner": {
                "type": "object",
                "required": ["title"],
                "properties": {
                    "title": {"type": "string", "description": "a property that is named like a keyword"},
                    "format": {"type": "string", "default": "plain"},
                },
            },
            "names": {"type": "array", "items": {"type": "string"}},
            "sort": {"enum": ["time", "price"]},
            "from_": {"type": "string"},
            "limit": {"type": "integer", "default": 8, "description": "how many"},
            "maximum": {"type": "number"},
        },
    }


def test_a_result_shows_the_first_level_of_what_is_always_there() -> None:
    class Answer(BaseModel):
        hits: list[Inner]
        first: Inner
        from_: str = Field(serialization_alias="from")
        notes: list[str] | None = None

    assert output_schema(Answer) == {
        "type": "object",
        "properties": {"hits": {"type": "array"}, "first": {"type": "object"}, "from": {"type": "string"}},
        "required": ["hits", "first", "from"],
    }


@pytest.mark.parametrize("tool", TOOLS, ids=[tool.name for tool in TOOLS])
def test_every_argument_of_a_tool_is_published_its_own_first(tool: AnyTool) -> None:
    published = list(input_schema(tool.arguments)["properties"])
    assert sorted(published) == sorted(tool.arguments.model_fields)
    own = [name for name in tool.arguments.model_fields if name in tool.arguments.__annotations__]
    assert published[: len(own)] == own
