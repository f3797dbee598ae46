"""sonik_job: how far work in the background is."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel

from sonik.jobs.job import Job
from sonik.types import JsonObject, JsonValue, Scope
from tools.arguments import Arguments, text
from tools.rendering import Rendered
from tools.results import Result, SourceText, shortened

if TYPE_CHECKING:
    from sonik.engine import Engine

MOST_SHOWN = 5
LONGEST_REASON = 160


class JobArguments(Arguments):
    """Arguments of sonik_job."""

    job_id: Annotated[str, text(least=1, most=80)]


class Refusal(BaseModel):
    """A record that was refused: its line, and what is wrong with it."""

    line: int
    reason: SourceText


class JobError(BaseModel):
    """Why the last try did not succeed, and what to do."""

    code: str
    message: str
    fix: str


class JobResult(Result):
    """A job."""

    job: str
    state: str
    done: int
    total: int | None = None
    counts: dict[str, int] | None = None
    refused: list[Refusal] | None = None
    error: JobError | None = None


async def sonik_job(engine: "Engine", scope: Scope, arguments: JobArguments) -> Rendered[JobResult]:
    """Show how far a background job is, its receipts so far, and its error with the next step.

    Ask again while it is queued or running. Example: {"job_id": "019aa7a5-9d2c-7e34-8d5e-0c1f6f5a2b10"}.
    """
    job = await engine.jobs.look_up(arguments.job_id, scope=scope)
    result = JobResult(
        trace_id=str(job.id), as_of=engine.as_of(scope), job=job.name, state=job.status,
        done=job.done, total=job.total, counts=_counts(job), refused=_refused(job), error=_error(job),
        notes=_notes(job),
    )  # fmt: skip
    return Rendered(result=result, text=f"{job.name} {job.id}: {job.status}, {job.done} of {job.total or '?'} done")


def _counts(job: Job) -> dict[str, int] | None:
    return {name: count for name, count in job.summary.items() if isinstance(count, int)} or None


def _refused(job: Job) -> list[Refusal] | None:
    listed = job.summary.get("refusals")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return [_refusal(row) for row in rows[:MOST_SHOWN]] or None


def _refusal(row: JsonObject) -> Refusal:
    problems = row.get("problems")
    told = [_problem(problem) for problem in problems] if isinstance(problems, list) else []
    text = shortened("; ".join(told), limit=LONGEST_REASON)
    return Refusal(line=int(str(row["line"])), reason=SourceText(source_text=text))


def _problem(problem: JsonValue) -> str:
    return f"{problem['field']}: {problem['reason']}" if isinstance(problem, dict) else str(problem)


def _error(job: Job) -> JobError | None:
    if job.error is None:
        return None
    return JobError(code=job.error["code"], message=job.error["message"], fix=job.error["next_step"])


def _notes(job: Job) -> list[str] | None:
    if job.cancelling and job.status == "running":
        return ["It will be cancelled before its next step."]
    if job.status == "queued" and job.error is not None:
        return [f"It will be tried again at {job.run_at:%Y-%m-%dT%H:%M:%S}Z."]
    refused = job.summary.get("refused")
    if isinstance(refused, int) and refused > MOST_SHOWN:
        return [f"{refused - MOST_SHOWN} more were refused."]
    return None
