"""A run: drawn calls, each asked by callers of several organisations in turn, and every answer searched for secrets."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import get_args

from tests.fix_mcp import Json
from tests.fuzz.calls import TARGETS, Call, Family, calls
from tests.fuzz.drawing import examples
from tests.tenancy.bait import Bait
from tests.tenancy.callers import Caller
from tests.tenancy.line import Answer, Line
from tests.tenancy.plain import plain_calls
from tests.tenancy.secrets import Secrets
from tests.tenancy.seed import Seeded
from tests.tenancy.tally import Tally
from tools.catalog import BY_NAME

# What is refused tells little: of ten calls seven are plain.
PLAIN = 7
FAMILIES: tuple[Family, ...] = get_args(Family)
OF_ENTITIES = ("sonik_search", "sonik_get_entity", "sonik_traverse", "sonik_whats_on", "sonik_recall", "resources/read")
LONGEST_SHOWN = 600
SHOWN_AROUND = 60
BROKEN = frozenset({"internal", -32603})
SERVER_ERROR = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """A call whose answer tells its caller what it may not know, or that broke something."""

    seed: int
    caller: str
    method: str
    params: Json
    what: str

    def __str__(self) -> str:
        asked = json.dumps(self.params, ensure_ascii=False)[:LONGEST_SHOWN]
        return f"seed {self.seed}, {self.caller}, {self.method}: {self.what}\n  {asked}"


@dataclass(kw_only=True)
class Run:
    """Makes the calls; what hypothesis draws depends on the seed and on what answers tell."""

    line: Line
    callers: tuple[Caller, ...]
    secrets: Secrets
    seeded: Seeded
    pool: Bait
    count: int
    seed: int
    watch: Callable[[int], None] = lambda _: None
    tally: Tally = field(default_factory=Tally)
    breaches: list[Breach] = field(default_factory=list)
    done: int = 0

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)

    def run(self) -> None:
        """Make all calls, in rounds."""
        number = 0
        while self.done < self.count:
            for call in self._drawn(number):
                for caller in self._askers(call):
                    if self.done < self.count:
                        self._make(caller, call)
            number += 1

    def call(self, caller: Caller, tool: str, arguments: Json) -> Answer:
        """Call a tool, and judge what comes back."""
        return self.ask(caller, "tools/call", {"name": tool, "arguments": arguments})

    def ask(self, caller: Caller, method: str, params: Json, *, target: str | None = None) -> Answer:
        """Send a request, and judge what comes back."""
        asked = json.dumps(params, ensure_ascii=False)
        self.secrets.hear(caller, asked)
        answer = self.line.ask(caller.token, method, params)
        found = [*self._leaks(caller, asked, answer), *_broken(answer)]
        self.breaches += [self._breach(caller, method, params, what) for what in found]
        named = params["name"] if method == "tools/call" else method
        self.tally.note(caller, target or named, refused=answer.refused, leaks=len(found))
        self.done += 1
        self.watch(self.done)
        return answer

    def must(self, holds: bool, caller: Caller, what: str) -> None:
        """Count a breach of an order unless something holds."""
        if not holds:
            self.breaches.append(self._breach(caller, "order", {}, what))

    def one(self, role: str, organisation: str | None) -> Caller:
        """Return a caller of a role in an organisation."""
        return next(one for one in self.callers if (one.role, one.organisation) == (role, organisation))

    def _breach(self, caller: Caller, method: str, params: Json, what: str) -> Breach:
        return Breach(seed=self.seed, caller=caller.name, method=method, params=params, what=what)

    def _leaks(self, caller: Caller, asked: str, answer: Answer) -> Iterator[str]:
        for secret in self.secrets.leaks(caller, asked, answer.text):
            at = max(answer.text.lower().find(secret.word), 0)
            around = answer.text[max(0, at - SHOWN_AROUND) : at + len(secret.word) + SHOWN_AROUND]
            yield f"it tells {secret.word} of {secret.owner} ({secret.visibility}): …{around}…"

    def _drawn(self, number: int) -> Iterator[Call]:
        """Draw so many calls of each target; those that show entities come twice."""
        targets = (*TARGETS, *OF_ENTITIES)
        told: list[list[Call]] = []
        for place, target in enumerate(targets):
            chance = self.seed * 100_000 + number * 1_000 + place
            drawn = examples(plain_calls(target, self.pool), PLAIN, number=chance)
            drawn += [examples(calls(target, family, self.pool), 1, number=chance)[0] for family in FAMILIES]
            told.append(drawn)
        for turn in range(PLAIN + len(FAMILIES)):
            yield from (some[turn] for some in told if turn < len(some))

    def _askers(self, call: Call) -> list[Caller]:
        """Return who asks: one, somebody of another organisation, and the first again; a write is made once."""
        first = self._chance.choice(self.callers)
        if _writes(call):
            able = [one for one in self.callers if one.writes and one.role != "staff"]
            return [self._chance.choice(able) if call.target == "sonik_upsert" else first]
        others = [one for one in self.callers if one.organisation != first.organisation]
        return [first, self._chance.choice(others), first]

    def _make(self, caller: Caller, call: Call) -> None:
        params = call.params
        if _writes(call):
            scrubbed = self.secrets.scrubbed(params)
            params = scrubbed if isinstance(scrubbed, dict) else params
        answer = self.ask(caller, call.method, params, target=call.target)
        if call.method == "tools/call" and not answer.refused and not _writes(call):
            self.pool.learn(call.target, call.arguments, answer.data)


def _writes(call: Call) -> bool:
    tool = BY_NAME.get(call.target)
    return tool is not None and not tool.read_only


def _broken(answer: Answer) -> Iterator[str]:
    if answer.status >= SERVER_ERROR or answer.code in BROKEN:
        yield f"something broke: {answer.text[-LONGEST_SHOWN:]}"
