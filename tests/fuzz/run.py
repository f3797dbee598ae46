"""A run: so many calls of a real server process, each judged, with truth looked at after each."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

from tests.fix_mcp import Json, Wire
from tests.fuzz.calls import FAMILIES, TARGETS, Call, calls
from tests.fuzz.drawing import examples
from tests.fuzz.judging import Judge, is_refused
from tests.fuzz.ledger import OF_DELIVERIES, Ledger, Stand, changed
from tests.fuzz.pool import Pool
from tests.fuzz.tally import Tally
from tools.catalog import BY_NAME

TURNS = 5
LONGEST_SHOWN = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """A call whose answer does not hold what every answer must."""

    number: int
    call: Call
    what: str

    def __str__(self) -> str:
        asked = json.dumps(self.call.params)[:LONGEST_SHOWN]
        return f"#{self.number} {self.call.target} ({self.call.family}): {self.what}\n  {asked}"


class Lost(Exception):
    """The server went, or does not answer: there is nobody left to call."""


@dataclass(kw_only=True)
class Run:
    """Calls all targets in turn, as often as asked; what hypothesis draws depends on the seed and what answers tell."""

    wire: Wire
    ledger: Ledger
    pool: Pool
    home: Path
    count: int
    seed: int
    watch: Callable[[int], None] = lambda _: None
    tallies: dict[str, Tally] = field(default_factory=lambda: {name: Tally(target=name) for name in TARGETS})
    breaches: list[Breach] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._done = 0
        self._judge = Judge(self.home)
        self._stand: Stand = self.ledger.stand()

    def run(self) -> None:
        """Make all calls, in rounds: what hypothesis keeps of its examples goes with each."""
        number = 0
        while self._done < self.count:
            self._round(number)
            number += 1
        if "Traceback" in (log := self.wire.stderr()):
            call = Call(target="stderr", family="valid", method="", params={})
            self.breaches.append(Breach(number=self._done, call=call, what=f"a trace: {log[-LONGEST_SHOWN:]}"))

    def _round(self, number: int) -> None:
        """Draw so many calls of each target and family, then make them in turn, until there were enough."""
        pairs = [(target, family) for target in TARGETS for family in FAMILIES]
        drawn = [
            examples(calls(target, family, self.pool), TURNS, number=self.seed * 10_000 + number)
            for target, family in pairs
        ]
        for call in (some[turn % len(some)] for turn in range(TURNS) for some in drawn):
            if self._done < self.count:
                self._call(call)

    def _call(self, call: Call) -> None:
        self._done += 1
        answer, seconds = self._asked(call)
        found = [*self._judge.breaches(call, answer, seconds=seconds), *self._written(call, answer)]
        self.breaches += [Breach(number=self._done, call=call, what=what) for what in found]
        refused = is_refused(answer)
        self.tallies[call.target].note(refused=refused, seconds=seconds, breaches=len(found))
        if not refused and call.method == "tools/call":
            self.pool.learn(call.target, call.arguments, answer["result"].get("structuredContent"))
        self.watch(self._done)

    def _asked(self, call: Call) -> tuple[Json, float]:
        started = time.perf_counter()
        try:
            answer = self.wire.ask(call.method, json.dumps(call.params))
        except (Empty, OSError) as error:
            state = "does not answer" if self.wire.lives else "is gone"
            self.breaches.append(Breach(number=self._done, call=call, what=f"the server {state}"))
            raise Lost(state) from error
        # Nobody reads them again, and they would grow with the run.
        self.wire.messages.clear()
        return answer, time.perf_counter() - started

    def _written(self, call: Call, answer: Json) -> list[str]:
        """Return what was written without a receipt; where all was refused, only the delivery itself may be noted."""
        before, self._stand = self._stand, self.ledger.stand()
        tables = changed(before, self._stand)
        receipt = receipt_of(call, answer)
        if receipt is None:
            return [f"wrote {', '.join(tables)} without a receipt"] if tables else []
        counts = receipt.get("counts", {})
        if set(counts) >= {"refused"} and not any(count for name, count in counts.items() if name != "refused"):
            more = [table for table in tables if table not in OF_DELIVERIES]
            return [f"refused every record and wrote {', '.join(more)}"] if more else []
        return []


def receipt_of(call: Call, answer: Json) -> Json | None:
    """Return the answer of a writing tool that says that it wrote."""
    tool = BY_NAME.get(call.target)
    if tool is None or tool.read_only or is_refused(answer):
        return None
    told: Json = answer["result"]["structuredContent"]
    return None if told.get("dry_run") else told
