"""Calls of every tool, resource, prompt and completion: a valid one, one that is almost, and one that means harm."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import quote

from hypothesis import strategies as st

from prompts.catalog import PROMPTS
from tests.fix_mcp import Json
from tests.fuzz.pool import Pool, one_of
from tests.fuzz.schemas import Drawn
from tests.fuzz.values import Values, hostile_texts, huge, junk, wrong
from tools.catalog import BY_NAME, TOOLS

Family = Literal["valid", "near", "hostile"]
FAMILIES: tuple[Family, ...] = get_args(Family)
OTHERS = ("resources/read", "prompts/get", "completion/complete")
TARGETS = (*(tool.name for tool in TOOLS), *OTHERS)
# Each resource template: what stands before its argument, the argument's name, and what follows.
TEMPLATES = (("sonik://entity/", "ref", ""), ("sonik://schema/", "graph", ""), ("sonik://market/", "slug", "/tonight"))
MOST_RECORDS = 3_000
Path = tuple[str | int, ...]
Words = Callable[[str], Values]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request; `arguments` are what its tool, prompt or template is given."""

    target: str
    family: Family
    method: str
    params: Json

    @property
    def arguments(self) -> Json:
        """What a tool is given."""
        given = self.params.get("arguments")
        return given if isinstance(given, dict) else {}


def calls(target: str, family: Family, pool: Pool) -> st.SearchStrategy[Call]:
    """Return the calls of a target."""
    if target in BY_NAME:
        return arguments_of(target, family, pool).map(lambda told: _tool_call(target, family, told))
    makers = {"resources/read": _resources, "prompts/get": _prompts, "completion/complete": _completions}
    params = makers[target](family, _words(family, pool))
    return params.map(lambda told: Call(target=target, family=family, method=target, params=told))


def arguments_of(tool: str, family: Family, pool: Pool) -> Values:
    """Return arguments of a tool."""
    return {"valid": valid, "near": near, "hostile": hostile}[family](tool, pool)


def valid(tool: str, pool: Pool) -> Values:
    """Return what the tool's schema allows, made of what is there; now and then a page further."""
    drawn = Drawn(BY_NAME[tool].arguments.model_json_schema(), pool.known()).values()
    if tool == "sonik_remember":
        drawn = st.one_of(drawn, drawn.map(_agreeing))
    pages = [arguments for of, arguments in pool.pages if of == tool]
    return st.one_of(drawn, drawn, one_of(pages)) if pages else drawn


def _agreeing(told: Json) -> Json:
    """Leave out what no schema forbids and no such note has: only an outcome has a verdict."""
    return told if told["kind"] == "outcome" else {name: value for name, value in told.items() if name != "verdict"}


@st.composite
def near(draw: st.DrawFn, tool: str, pool: Pool) -> Any:
    """Return valid arguments with one thing wrong: a value, a name too many, one too few, a cursor of another call."""
    told = draw(valid(tool, pool))
    change = draw(st.sampled_from(["value", "value", "value", "missing", "extra", "cursor", "whole"]))
    paths = paths_of(told)
    if change == "whole":
        return draw(junk)
    if change == "extra" or not paths:
        return {**told, draw(st.sampled_from(["vector", "limitt", "sql", "\u202e", "a" * 900])): draw(junk)}
    if change == "cursor":
        return {**told, "cursor": draw(_cursors(pool))}
    path = draw(st.sampled_from(paths))
    return _changed(told, path, lambda _: draw(wrong)) if change == "value" else _without(told, path)


@st.composite
def hostile(draw: st.DrawFn, tool: str, pool: Pool) -> Any:
    """Return valid arguments with texts that mean harm in one place or all, or with far too many of something."""
    told = draw(valid(tool, pool))
    free = free_of(tool) if draw(st.integers(0, 3)) else set(told)
    paths = [path for path in paths_of(told) if path[0] in free and isinstance(_at(told, path), str)]
    lists = [path for path in paths_of(told) if isinstance(_at(told, path), list) and _at(told, path)]
    if lists and draw(st.integers(0, 9)) == 0:
        count = draw(st.sampled_from([26, 101, MOST_RECORDS]))
        return _changed(told, draw(st.sampled_from(lists)), lambda some: (some * count)[:count])
    chosen = (
        paths if draw(st.integers(0, 4)) == 0 else draw(st.lists(st.sampled_from(paths), max_size=2)) if paths else []
    )
    harm = st.one_of(hostile_texts, hostile_texts, hostile_texts, huge)
    for path in chosen or [(min(free_of(tool)),)]:
        told = _changed(told, path, lambda _: draw(harm))
    return told


def free_of(tool: str) -> set[str]:
    """Return the arguments of a tool that take more than one of a few values."""
    properties = BY_NAME[tool].arguments.model_json_schema()["properties"]
    return {name for name, schema in properties.items() if "enum" not in json.dumps(schema)}


def _cursors(pool: Pool) -> Values:
    """Return cursors of other calls, edited ones and forged ones."""
    real = [str(arguments["cursor"]) for _, arguments in pool.pages] or ["AAAAAAAAAAAAAAAAAAAAAA"]
    foreign = one_of(real)
    edited = st.builds(lambda cursor, sign: cursor[:3] + sign + cursor[4:], foreign, st.sampled_from("Az09-_=🪩"))
    return st.one_of(foreign, edited, foreign.map(lambda cursor: cursor * 20), hostile_texts, junk)


def _tool_call(target: str, family: Family, told: object) -> Call:
    name = target if family != "near" or told != {} else target[:-1]
    return Call(target=target, family=family, method="tools/call", params={"name": name, "arguments": told})


def _words(family: Family, pool: Pool) -> Words:
    """Return what draws the text that stands for an argument of some name."""
    known = pool.known()

    def words(name: str) -> Values:
        right = known.get(name, known["ref"])
        if family == "valid":
            return right
        if family == "hostile":
            return st.one_of(hostile_texts, hostile_texts, huge)
        return right.flatmap(lambda text: st.sampled_from([text[:-1], f"{text}x", text.upper(), f" {text}", text * 50]))

    return words


@st.composite
def _resources(draw: st.DrawFn, family: Family, words: Words) -> Json:
    head, name, rest = draw(st.sampled_from(TEMPLATES))
    word = draw(words(name))
    # Lone surrogates cannot be written in a URI's percent signs.
    uri = head + quote(word, safe="", errors="replace") + rest
    return {"uri": uri if family == "valid" else draw(st.sampled_from([uri, head + word + rest, head + word, word]))}


@st.composite
def _prompts(draw: st.DrawFn, family: Family, words: Words) -> Json:
    prompt = draw(st.sampled_from(PROMPTS))
    told = draw(
        st.fixed_dictionaries(
            {one.name: words(one.name) for one in prompt.arguments if one.required},
            optional={one.name: words(one.name) for one in prompt.arguments if not one.required},
        )
    )
    if family == "near":
        told = draw(st.sampled_from([told, {}, {**told, "extra": "x"}, dict.fromkeys(told, 7)]))
    name = prompt.name if family != "near" else draw(st.sampled_from([prompt.name, prompt.name, prompt.name[1:]]))
    return {"name": name, "arguments": told}


@st.composite
def _completions(draw: st.DrawFn, family: Family, words: Words) -> Json:
    head, name, rest = draw(st.sampled_from(TEMPLATES))
    prompt = draw(st.sampled_from(PROMPTS))
    asked: tuple[Json, str] = draw(
        st.sampled_from(
            [
                ({"type": "ref/resource", "uri": f"{head}{{{name}}}{rest}"}, name),
                *(({"type": "ref/prompt", "name": prompt.name}, argument.name) for argument in prompt.arguments),
            ]
        )
    )
    reference, argument = asked
    told = {"name": argument if family != "near" else draw(st.sampled_from([argument, "x", ""]))}
    return {"ref": reference, "argument": {**told, "value": draw(words(argument))[: draw(st.sampled_from([2, 9_999]))]}}


def paths_of(value: object, at: Path = ()) -> list[Path]:
    """Return the way to each value inside an object or a list."""
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [path for key, inner in items for path in ((*at, key), *paths_of(inner, (*at, key)))]


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _changed(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """Return a copy in which the value at a path is another."""
    copied = json.loads(json.dumps(value))
    inner = _at(copied, path[:-1])
    old = inner.get(path[-1]) if isinstance(inner, dict) else inner[path[-1]]
    inner[path[-1]] = change(old)
    return copied


def _without(value: Any, path: Path) -> Any:
    copied = json.loads(json.dumps(value))
    del _at(copied, path[:-1])[path[-1]]
    return copied
