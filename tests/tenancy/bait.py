"""Values to ask by: those that anybody knows, and the names, refs, jobs, traces and cursors of every organisation."""

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.fix_mcp import Json
from tests.fuzz.pool import Pool, one_of
from tests.fuzz.schemas import Known
from tests.fuzz.values import WHEN, Values, sentences
from tests.tenancy.callers import ORGANISATIONS
from tests.tenancy.seed import PUBLIC_ARTIST, PUBLIC_VENUE, SHARED_NAME, Seeded

ASKED = ("quién toca en {}", "{} esta noche", "who owns {}", "{}", "¿Qué sabemos de {}?", "shows at {} tonight")
COMMON = (str(PUBLIC_VENUE["name"]), str(PUBLIC_ARTIST["name"]), SHARED_NAME, "salsa", "Manual", "Casa", "Plan")


class Bait(Pool):
    """The pool of random calls, with what is private among it."""

    def __init__(self, records: Sequence[Json], seeded: Seeded) -> None:
        super().__init__(records)
        self.words = one_of(seeded.words)
        self._private_refs = one_of(seeded.refs)
        self._private_names = one_of([*seeded.names, *COMMON])
        self._private_jobs = one_of(list(seeded.jobs.values()))
        self._private_traces = one_of(list(seeded.traces.values()))
        self._private_sessions = one_of(list(seeded.sessions.values()))

    def known(self) -> Known:
        """Return what is known of arguments, by their names."""
        of_anybody = super().known()
        named = st.builds(str.format, st.sampled_from(ASKED), self._private_names)
        refs: Values = st.one_of(of_anybody["ref"], self._private_refs, self._private_names)
        return {
            **of_anybody, "ref": refs, "refs": refs, "start": refs, "name": st.one_of(of_anybody["name"], refs),
            "query": st.one_of(named, named, sentences), "interest": named, "when": st.sampled_from(WHEN[:5]),
            "organisation": st.sampled_from([*ORGANISATIONS, "nobody"]),
            "market": st.sampled_from(["medellin", "medellin", "Medellín", "quito"]),
            "slug": st.sampled_from(["medellin", "medellin", "quito"]),
            "job_id": st.one_of(of_anybody["job_id"], self._private_jobs),
            "trace_id": st.one_of(of_anybody["trace_id"], self._private_traces),
            "session_id": st.one_of(of_anybody["session_id"], self._private_sessions),
        }  # fmt: skip
