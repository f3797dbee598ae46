"""What is kept, how long and how much of it: a job that comes round sweeps the rest away."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sonik.clock import Clock
from sonik.jobs.job import Handler, Run, Step
from sonik.jobs.schedule import Every
from sonik.settings import Settings
from sonik.sql import queries
from sonik.types import JsonObject

SQL = queries("retention")
NAME = "retention"
DAILY = Every(name=NAME, seconds=24 * 3600)
CHUNK = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """Sweeps each table down to its limit: an age in days, or a number of rows."""

    clock: Clock
    days: Mapping[str, int]
    rows: Mapping[str, int]

    @classmethod
    def of(cls, settings: Settings, *, clock: Clock) -> "Retention":
        """Return what the settings want."""
        return cls(
            clock=clock,
            days={
                "traces": settings.keep_traces_days, "evidence": settings.keep_evidence_days,
                "jobs": settings.keep_jobs_days, "keys": settings.keep_keys_days,
                "dead_letters": settings.keep_dead_letters_days,
            },
            rows={"outbox": settings.keep_outbox_rows, "vectors": settings.keep_cached_vectors},
        )  # fmt: skip

    @property
    def handler(self) -> Handler:
        """How the worker calls it."""
        return Handler(work=self.work)

    async def work(self, run: Run) -> None:
        """Sweep table by table, a few thousand rows a step."""
        for table in (*self.days, *self.rows):
            number = 0
            while True:
                swept = await run.step(f"{table}:{number}", partial(self._sweep, run, table))
                if swept["swept"] != CHUNK:
                    break
                number += 1

    async def _sweep(self, run: Run, table: str, step: Step) -> JsonObject:
        rows = await step.session.rows(SQL[table], {**self._limit(table), "most": CHUNK})
        swept = int(str(rows[0]["swept"]))
        step.progress(done=run.job.done + swept)
        step.summarise({**run.job.summary, table: int(str(run.job.summary.get(table, 0))) + swept})
        return {"swept": swept}

    def _limit(self, table: str) -> dict[str, object]:
        if table in self.rows:
            return {"rows": self.rows[table]}
        return {"before": self.clock.now() - timedelta(days=self.days[table])}
