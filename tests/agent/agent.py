"""The agent: it lists the tools, takes the one whose own words fit what is wanted, and follows what results tell it.

What it goes by is what any client sees: names, descriptions and schemas of the tools, refs, cursors, namesakes, and the
next step that an error names.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from mcp import Client
from mcp_types import CallToolResult, TextContent

from sonik.retrieval.pack import cost, count_tokens
from sonik.types import JsonValue
from tests.agent.question import Question
from tests.agent.reading import Reading, read, words

Json = dict[str, Any]
MOST_CALLS = 14


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A tool as it presents itself."""

    name: str
    words: frozenset[str]
    properties: Mapping[str, Json]
    required: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call and what came back: a result, or an error that says what to do."""

    tool: str
    arguments: Json
    result: Json
    error: Json | None
    tokens: int
    ms: float


@dataclass(kw_only=True, slots=True)
class Talk:
    """What was called for one question."""

    calls: list[Call] = field(default_factory=list)

    @property
    def results(self) -> list[Json]:
        """What the agent saw."""
        return [call.result for call in self.calls if call.error is None]

    @property
    def tokens(self) -> int:
        """What all of it cost the agent to read."""
        return sum(call.tokens for call in self.calls)

    @property
    def ms(self) -> float:
        """How long it waited."""
        return sum(call.ms for call in self.calls)


@dataclass(kw_only=True)
class Agent:
    """An agent with a client and nothing else."""

    client: Client
    tools: dict[str, Tool] = field(default_factory=dict)

    async def learn(self) -> int:
        """Read the tool list; return what it costs in tokens."""
        listed = (await self.client.list_tools()).tools
        self.tools = {tool.name: _presented(tool.name, tool.description or "", tool.input_schema) for tool in listed}
        told: list[JsonValue] = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
        return cost({"tools": told})

    async def answer(self, question: Question) -> Talk:
        """Ask until there is nothing left to follow."""
        talk = Talk()
        await self._turn(talk, read(question.text), question.attached)
        if question.then:
            await self._turn(talk, read(question.then), {})
        return talk

    async def _turn(self, talk: Talk, reading: Reading, attached: Json) -> None:
        tool = self._fitting(reading.want)
        arguments = await self._of_the_city(talk, self._arguments(tool, reading, attached), reading)
        call = await self._mended(talk, tool, arguments)
        if call.error is not None:
            return
        if not reading.rehearsal:
            call = await self._in_earnest(talk, tool, call)
        if reading.whole:
            await self._to_the_end(talk, call)
        if reading.tie:
            await self._among_namesakes(talk, call)
        if reading.kind:
            await self._onwards(talk, call, reading.kind)

    async def _of_the_city(self, talk: Talk, arguments: Json, reading: Reading) -> Json:
        """Where a name comes with a city, make sure that it is the one of that city who is asked about."""
        start = next((name for name in ("ref", "start") if name in arguments), None)
        shows = next((one for one in self.tools.values() if one.required == {"ref"}), None)
        if reading.city is None or start is None or shows is None:
            return arguments
        shown = (await self._call(talk, shows.name, {"ref": arguments[start]})).result
        known = [shown["entity"], *shown.get("namesakes", ())] if shown else []
        there = [one["ref"] for one in known if words(one.get("market", "").replace("-", " ")) == words(reading.city)]
        return {**arguments, start: there[0]} if there else arguments

    async def _mended(self, talk: Talk, tool: Tool, arguments: Json) -> Call:
        """Call; where an error says what to do instead, do that."""
        call = await self._call(talk, tool.name, arguments)
        if call.error is None:
            return call
        fix, name = str(call.error["fix"]), str(call.error.get("field", ""))
        helper = next((other for other in self.tools if other in fix and other != tool.name), None)
        if helper is not None and isinstance(arguments.get(name), str):
            found = await self._call(talk, helper, {"query": arguments[name]})
            ref = next((hit["ref"] for hit in found.result.get("hits", ())), None)
            return await self._call(talk, tool.name, {**arguments, name: ref}) if ref else call
        suggested = re.search(r"Did you mean '([^']+)'", fix)
        if suggested:
            return await self._call(talk, tool.name, {**arguments, name: suggested[1]})
        return call

    async def _in_earnest(self, talk: Talk, tool: Tool, call: Call) -> Call:
        """Repeat a rehearsal that refused nothing, and wait until what was written can be asked for."""
        if not call.result.get("dry_run") or call.result["counts"]["refused"]:
            return call
        waits = {name: told["enum"][-1] for name, told in tool.properties.items() if name.startswith("wait")}
        return await self._call(talk, tool.name, {**call.arguments, "dry_run": False, **waits})

    async def _to_the_end(self, talk: Talk, call: Call) -> None:
        """Follow cursors to the last page."""
        while (cursor := call.result.get("next_cursor")) and len(talk.calls) < MOST_CALLS:
            call = await self._call(talk, call.tool, {**call.arguments, "cursor": cursor})

    async def _among_namesakes(self, talk: Talk, call: Call) -> None:
        """Ask about the others that bear the name, too: whose tie is asked for may be any of them."""
        for other in call.result.get("namesakes", ()):
            if len(talk.calls) < MOST_CALLS:
                await self._call(talk, call.tool, {**call.arguments, "ref": other["ref"]})

    async def _onwards(self, talk: Talk, call: Call, kind: str) -> None:
        """Walk on from each hit until one of the kind that was asked for is reached."""
        hits = list(call.result.get("hits", ()))
        if any(hit["kind"] == kind for hit in hits):
            return
        patterns = self.tools[call.tool].properties.get("pattern", {}).get("enum", ())
        moved = next((pattern for pattern in patterns if pattern.startswith("influence")), None)
        while hits and moved and len(talk.calls) < MOST_CALLS:
            hit = hits.pop(0)
            if hit["kind"] == "venue":
                found = await self._call(talk, call.tool, {"start": hit["ref"], "pattern": moved})
                if any(end["kind"] == kind for end in found.result.get("hits", ())):
                    return

    def _fitting(self, want: tuple[str, ...]) -> Tool:
        """Return the tool whose own words say most of what is wanted; a word that few tools use says more."""
        spread = Counter(word for tool in self.tools.values() for word in tool.words)
        return max(self.tools.values(), key=lambda tool: sum(1 / spread[w] for w in set(want) if w in tool.words))

    def _arguments(self, tool: Tool, reading: Reading, attached: Json) -> Json:
        found: Json = {}
        want = list(reading.want)
        # What must be chosen comes first: a word that is spent on it narrows nothing else.
        for name in sorted(tool.properties, key=lambda one: one not in tool.required):
            value = _value(name, tool, replace(reading, want=tuple(want)), attached)
            if value is not None:
                found[name] = value
                want = [word for word in want if word not in words(str(value).replace("_", " "))]
        return found

    async def _call(self, talk: Talk, tool: str, arguments: Json) -> Call:
        started = perf_counter()
        answer = await self.client.call_tool(tool, arguments)
        took = (perf_counter() - started) * 1000
        text, data = _text(answer), dict(answer.structured_content or {})
        error = json.loads(text) if answer.is_error else None
        tokens = count_tokens(text) + (cost(data) if data else 0)
        call = Call(tool=tool, arguments=arguments, result=data, error=error, tokens=tokens, ms=took)
        talk.calls.append(call)
        return call


def _presented(name: str, description: str, schema: Mapping[str, Any]) -> Tool:
    properties = schema.get("properties", {})
    listed = [value for told in properties.values() for value in _choices(told)]
    said = " ".join([name.replace("_", " "), description, *properties, *listed]).replace("_", " ")
    return Tool(
        name=name, words=frozenset(words(said)), properties=properties, required=frozenset(schema.get("required", ()))
    )  # fmt: skip


def _value(name: str, tool: Tool, reading: Reading, attached: Json) -> object:
    """Return what an argument gets: what was handed over, the fitting choice, or what was named; None for nothing."""
    if name in attached:
        return attached[name]
    told = tool.properties[name]
    if choices := _choices(told):
        return _chosen(choices, told, reading, is_needed=name in tool.required)
    named = next(iter((*reading.names, *reading.handles)), None)
    # Who can be asked in words reads place and time from them.
    slots = {} if "query" in tool.properties else {"market": reading.city, "when": reading.when, "near": reading.near}
    values: Json = {
        **slots, "query": reading.text, "ref": named, "start": named, "name": named, "as_of": reading.moment,
        "price_max": reading.price_max, "limit": 50 if reading.whole else None,
    }  # fmt: skip
    return values.get(name)


def _chosen(choices: list[str], told: Json, reading: Reading, *, is_needed: bool) -> object:
    """Return the choice whose words are wanted most, or all of them where several may be given."""
    if "detailed" in choices:
        return "detailed" if reading.detailed else None
    shared = {choice: len(set(words(choice.replace("_", " "))) & set(reading.want)) for choice in choices}
    if told.get("type") == "array":
        return [choice for choice in choices if shared[choice]] or None
    best = max(choices, key=lambda choice: shared[choice])
    return best if shared[best] or is_needed else None


def _choices(told: Json) -> list[str]:
    return [str(value) for value in (told.get("enum") or told.get("items", {}).get("enum") or ())]


def _text(answer: CallToolResult) -> str:
    return "\n".join(_texts(answer))


def _texts(answer: CallToolResult) -> Iterator[str]:
    for content in answer.content:
        if isinstance(content, TextContent):
            yield content.text
