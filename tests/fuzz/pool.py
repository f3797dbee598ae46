"""What is really there: records, refs, cursors, traces and jobs, gathered from answers as they come."""

from collections import deque
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from pydantic import TypeAdapter

from sonik.ingest.records import AnyRecord
from sonik.ontology import EDGES, GRAPHS, KINDS
from tests.fix_mcp import Json
from tests.fuzz.schemas import Drawn, Known
from tests.fuzz.values import WHEN, Values, sentences, texts

MOST = 60
REFS = ("nebula", "@lomaybongo", "guayacan-y-timbal", "Subsuelo", "pulsonorte.example", "medellin", "Nébula")
MARKETS = ("medellin", "Medellín", "bogota", "Quito")
JOB = "019aa7a5-9d2c-7e34-8d5e-0c1f6f5a2b10"
RECORD = TypeAdapter[object](AnyRecord).json_schema()
IDENTIFIERS = st.fixed_dictionaries(
    {},
    optional={
        "instagram": st.sampled_from(["@nebula", "@lomaybongo", "https://instagram.com/nobody.here"]),
        "website": st.sampled_from(["pulsonorte.example", "https://nebula.example/x"]),
        "source": st.sampled_from(["agenda", "directus"]), "source_id": sentences,
        "google_place_id": st.sampled_from(["ChIJl4sSfAYrH5wRQ-Bi-ZKqQYU", "ChIJF4IQZM0Xn7MRfG2TY3dIKvo"]),
    },
)  # fmt: skip
T = TypeVar("T")


def _few(*first: T) -> deque[T]:
    return deque(first, maxlen=MOST)


def one_of(values: Sequence[T]) -> st.SearchStrategy[T]:
    """Return one of these as they are now; unlike `sampled_from`, it does not write all of them out."""
    kept = tuple(values)
    return st.integers(0, len(kept) - 1).map(lambda place: kept[place])


class Pool:
    """Real values by what they are; of those that answers bring, the newest so many are kept.

    It is no dataclass, of which hypothesis would write all fields out.
    """

    def __init__(self, records: Sequence[Json]) -> None:
        self.records = records
        self.refs = _few(*REFS)
        self.names = _few("Nébula", "Loma y Bongó")
        self.traces = _few("00" * 8)
        self.jobs = _few(JOB)
        self.pages: deque[tuple[str, Json]] = _few()

    def known(self) -> Known:
        """Return what is known of arguments, by their names."""
        return {
            "ref": self._refs, "refs": self._refs, "start": self._refs, "when": st.sampled_from(WHEN),
            "market": st.sampled_from(MARKETS),
            "slug": st.sampled_from(MARKETS), "genres": st.sampled_from(["salsa", "techno", "teatro", "Jazz"]),
            "kind": st.sampled_from(KINDS), "job_id": one_of(self.jobs),
            "trace_id": one_of(self.traces), "records": self._record(), "cursor": st.none(),
            "source": st.sampled_from(["agenda", "directus", "Cartelera"]), "query": st.one_of(sentences, texts),
            "idempotency_key": st.sampled_from([f"k-{n}" for n in range(9)]), "identifiers": IDENTIFIERS,
            "venue": st.fixed_dictionaries({"name": self._names, "city": st.just("Medellín")}), "name": self._names,
            "graph": st.sampled_from(GRAPHS), "language": st.sampled_from(["es", "pt", "en"]), "interest": sentences,
            "dry_run": st.sampled_from([False, False, True]),
            "session_id": st.sampled_from(["s-1", "s-2"]), "lat": st.floats(5.9, 6.6), "lng": st.floats(-76, -75),
        }  # fmt: skip

    def learn(self, tool: str, arguments: Json, answer: object) -> None:
        """Keep the refs, names, cursors, traces and jobs that an answer tells."""
        found: list[object] = [answer]
        while found:
            part = found.pop()
            if isinstance(part, list):
                found += part[:5]
            elif isinstance(part, dict):
                self._note(part)
                found += part.values()
        cursor = answer.get("next_cursor") if isinstance(answer, dict) else None
        if isinstance(cursor, str):
            self.pages.append((tool, {**arguments, "cursor": cursor}))

    def _note(self, part: dict[str, object]) -> None:
        kept = {"ref": self.refs, "name": self.names, "trace_id": self.traces, "job_id": self.jobs}
        for name, values in kept.items():
            value = part.get(name)
            if isinstance(value, str) and value not in values:
                values.append(value)

    @property
    def _refs(self) -> Values:
        return one_of(self.refs)

    @property
    def _names(self) -> Values:
        return one_of(self.names)

    def _record(self) -> Values:
        known: dict[str, Values] = {
            "type": st.sampled_from([edge.name for edge in EDGES]), "target_kind": st.sampled_from(KINDS),
            "market": st.sampled_from(MARKETS), "name": st.one_of(self._names, sentences),
            "attributes": st.just({}), "properties": st.just({}), "owner_org": st.none(),
        }  # fmt: skip
        drawn, real = Drawn(RECORD, known).values(), one_of(self.records)
        return st.booleans().flatmap(lambda is_real: real if is_real else drawn)
