"""What a tool call did, told to the log, to the meter that is there, and to the trace that is being recorded."""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from opentelemetry.trace import Span, SpanKind, StatusCode, get_current_span, get_tracer

from sonik.correlation import correlation_id
from sonik.watch import Event, Kind, Part, Store, watched_by

logger = logging.getLogger(__name__)

_tracer = get_tracer("sonik")
ASKS: dict[Event, str] = {
    "cache_exact": "exact", "cache_semantic": "semantic", "cache_stale": "stale", "cache_missed": "miss"
}  # fmt: skip
OK, CANCELLED = "ok", "cancelled"
# What a caller made up as a name stays out of figures, traces and the audit log.
UNKNOWN = "unknown"
SYSTEMS = {"postgres": "postgresql", "graph": "falkordb", "vectors": "lancedb", "cache": "redis"}


class Meter(Protocol):
    """What counts calls and times them, for all calls of a process."""

    def called(self, tool: str, *, outcome: str, seconds: float) -> None:
        """Count a tool call."""
        ...

    def took(self, kind: Kind, name: str, *, seconds: float) -> None:
        """Count a part of a call."""
        ...

    def asked_cache(self, result: str) -> None:
        """Count a question to the cache."""
        ...

    def learned(self, weights: int) -> None:
        """Count learned weights that were changed."""
        ...

    def stands(self, store: Store, *, away: bool) -> None:
        """Note whether a store is away."""
        ...


class Call:
    """One tool call. It implements `sonik.watch.Watch`."""

    def __init__(self, tool: str, *, meter: Meter | None) -> None:
        """Begin to watch; the span that is current is the call's, and is told of it if it is being recorded."""
        self.outcome = CANCELLED
        self._tool = tool
        self._meter = meter
        self._span = get_current_span()
        self._is_traced = self._span.is_recording()
        self._asks: set[Event] = set()

    def during(self, part: Part) -> AbstractContextManager[Part]:
        """Time a part, and make it a span of the trace."""
        return self._watched(part) if self._meter or self._is_traced else nullcontext(part)

    def counted(self, event: Event, amount: int) -> None:
        """Remember what the cache said; a call that learns is not there yet."""
        del amount
        self._asks.add(event)

    def stands(self, store: Store, *, away: bool) -> None:
        """Note whether a store is away."""
        if self._meter is not None:
            self._meter.stands(store, away=away)

    def ended(self, *, seconds: float) -> None:
        """Tell what became of it."""
        facts = {"tool": self._tool, "outcome": self.outcome, "ms": round(seconds * 1000, 1)}
        logger.info("a call was answered", extra=facts)
        if self._is_traced:
            self._span.set_attributes({"sonik.trace_id": correlation_id(), "sonik.outcome": self.outcome})
        if self._meter is None:
            return
        self._meter.called(self._tool, outcome=self.outcome, seconds=seconds)
        # A question that the exact look missed may be answered by the semantic one: the best counts.
        ask = next((result for event, result in ASKS.items() if event in self._asks), None)
        if ask is not None:
            self._meter.asked_cache(ask)

    @contextmanager
    def _watched(self, part: Part) -> Iterator[Part]:
        started = time.perf_counter()
        try:
            with _span_of(part) if self._is_traced else nullcontext():
                yield part
        finally:
            if self._meter is not None:
                self._meter.took(part.kind, part.name, seconds=time.perf_counter() - started)


class Background:
    """What a process does by itself. It implements `sonik.watch.Watch`."""

    def __init__(self, meter: Meter | None) -> None:
        """Tell a meter, if there is one, what was learned."""
        self._meter = meter

    def during(self, part: Part) -> AbstractContextManager[Part]:
        """Parts of background work are not looked at."""
        return nullcontext(part)

    def counted(self, event: Event, amount: int) -> None:
        """Count what was learned."""
        if event == "weights_learned" and self._meter is not None:
            self._meter.learned(amount)

    def stands(self, store: Store, *, away: bool) -> None:
        """Note whether a store is away."""
        if self._meter is not None:
            self._meter.stands(store, away=away)


@contextmanager
def watched_call(tool: str, meter: Meter | None) -> Iterator[Call]:
    """Watch a call; the block says how it ended."""
    call = Call(tool, meter=meter)
    started = time.perf_counter()
    with watched_by(call):
        try:
            yield call
        finally:
            call.ended(seconds=time.perf_counter() - started)


@contextmanager
def _span_of(part: Part) -> Iterator[None]:
    """Make a part a span beneath the one that is current."""
    kind = SpanKind.CLIENT if part.name in SYSTEMS and part.kind == "store" else SpanKind.INTERNAL
    named = f"{part.kind} {part.name}"
    with _tracer.start_as_current_span(named, kind=kind, record_exception=False, set_status_on_exception=False) as span:
        try:
            yield
        except BaseException as error:
            # The message of an error may quote what somebody asked.
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            _describe(span, part)


def _describe(span: Span, part: Part) -> None:
    span.set_attribute("sonik.rows", part.rows)
    if part.note:
        span.set_attribute("sonik.note", part.note)
    if part.kind == "store" and part.name in SYSTEMS:
        span.set_attribute("db.system.name", SYSTEMS[part.name])
