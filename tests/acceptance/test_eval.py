"""The eval from set to report, as a person runs it, and through interruptions."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eval.catalog import load
from eval.journal import Journal
from eval.result import Report, read_report
from eval.run import Order, run
from eval.systems.catalog import SYSTEMS, find
from eval.systems.system import Workshop
from sonik.errors import InvalidInput
from sonik.retrieval.ablation import PARTS
from tests.fix_eval import PASSAGES, ROOT, Command, write_set

pytestmark = pytest.mark.anyio

KILLED_AT_THREE = """
import asyncio, os, signal, sys
from pathlib import Path
from eval.catalog import load
from eval.run import Order, run
from eval.systems.catalog import find
from eval.systems.system import Workshop
from sonik.settings import Settings
from sonik.stores.embedding import open_embedder

data, out = map(Path, sys.argv[1:])
order = Order(dataset=load("nights", data=data), entry=find("bm25"), out=out, commit="c")
workshop = Workshop(folder=out.parent, embedder=open_embedder(Settings()))
asyncio.run(run(order, workshop=workshop, watch=lambda done: done == 3 and os.kill(os.getpid(), signal.SIGKILL)))
"""


def order(data: Path, out: Path, *, system: str = "bm25", commit: str = "c", limit: int | None = None) -> Order:
    """Return a run on the invented set."""
    return Order(dataset=load("nights", data=data, limit=limit), entry=find(system), out=out, commit=commit)


def told(report: Report) -> dict[str, object]:
    """Return what of a report does not depend on the clock."""
    found = {key: (one.ranked, one.metrics) for key, one in report.per_query.items()}
    return {"metrics": report.metrics, "settings": report.settings, "found": found}


def kill_at_three(data: Path, out: Path) -> None:
    """Run in a process that is killed when three questions are answered."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_AT_THREE, str(data), str(out)], env=environment, timeout=120, check=False
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL


async def test_a_killed_run_goes_on_where_it_stopped(data: Path, workshop: Workshop, tmp_path: Path) -> None:
    out, whole = tmp_path / "killed.json", tmp_path / "whole.json"
    kill_at_three(data, out)
    assert not out.exists()
    partial = tmp_path / "killed.json.partial"
    partial.write_bytes(partial.read_bytes() + b'{"id": "q4", "ran')
    seen: list[int] = []
    resumed = await run(order(data, out), workshop=workshop, watch=seen.append)
    assert seen == [3, 4, 5]
    assert told(resumed) == told(await run(order(data, whole), workshop=workshop))
    assert read_report(out) == resumed
    assert sorted(path.name for path in tmp_path.glob("*.json*")) == ["killed.json", "whole.json"]


async def test_a_killed_run_does_not_mix_with_another(data: Path, workshop: Workshop, tmp_path: Path) -> None:
    out = tmp_path / "one.json"
    kill_at_three(data, out)
    for other in (order(data, out, limit=4), order(data, out, commit="d"), order(data, out, system="dense")):
        with pytest.raises(InvalidInput, match="left by another run") as caught:
            await run(other, workshop=workshop)
        assert "--restart" in caught.value.next_step
        assert not out.exists()
    anew = Order(dataset=load("nights", data=data), entry=find("bm25"), out=out, commit="d", restart=True)
    seen: list[int] = []
    assert (await run(anew, workshop=workshop, watch=seen.append)).commit == "d"
    assert seen == [0, 1, 2, 3, 4, 5]


async def test_a_run_killed_after_its_last_answer_needs_no_further_one(
    data: Path, workshop: Workshop, tmp_path: Path
) -> None:
    out = tmp_path / "one.json"
    finished = await run(order(data, out), workshop=workshop)
    head = {"dataset": "nights", "system": "bm25", "commit": "c", "settings": dict(finished.settings)}
    lines = [{"run": head}, {"index_s": 1.5}]
    lines += [{"id": key, "ranked": one.ranked, "ms": one.ms} for key, one in finished.per_query.items()]
    (tmp_path / "one.json.partial").write_text("".join(json.dumps(line) + "\n" for line in lines))
    again = await run(order(data, out), workshop=workshop)
    assert (told(again), again.index_s) == (told(finished), 1.5)


def test_what_is_no_log_of_a_run_is_left_alone(tmp_path: Path) -> None:
    partial = tmp_path / "one.json.partial"
    partial.write_text("my notes\n")
    with pytest.raises(InvalidInput, match="is not the log of a run"):
        Journal.beside(tmp_path / "one.json", head={})
    assert partial.read_text() == "my notes\n"


@pytest.mark.parametrize("system", [entry.name for entry in SYSTEMS])
async def test_every_system_finds_what_the_words_say(
    data: Path, workshop: Workshop, tmp_path: Path, system: str
) -> None:
    report = await run(order(data, tmp_path / "one.json", system=system), workshop=workshop)
    # Without its texts Sonik has nothing but names to go by.
    assert report.metrics["success@1"] >= (0.4 if system == "sonik-no-text" else 0.8)
    assert all(len(set(one.ranked)) == len(one.ranked) for one in report.per_query.values())


async def test_sonik_takes_a_set_in_once_and_anew_when_it_changes(
    data: Path, workshop: Workshop, tmp_path: Path
) -> None:
    home = workshop.folder / "homes" / "nights"
    first = await run(order(data, tmp_path / "a.json", system="sonik"), workshop=workshop)
    whole = (home / "eval.json").read_text()
    again = await run(order(data, tmp_path / "b.json", system="sonik"), workshop=workshop)
    assert (told(again), again.index_s) == (told(first), first.index_s)
    assert (home / "eval.json").read_text() == whole
    write_set(data / "nights", passages=[*PASSAGES, {"id": "p7", "title": "Faro Norte", "text": "Another lighthouse."}])
    changed = await run(order(data, tmp_path / "c.json", system="sonik"), workshop=workshop)
    assert "p7" in changed.per_query["q5"].ranked
    assert (home / "eval.json").read_text() != whole


async def test_what_is_taken_away_from_sonik_changes_its_way_and_not_its_home(
    data: Path, workshop: Workshop, tmp_path: Path
) -> None:
    whole = await run(order(data, tmp_path / "whole.json", system="sonik"), workshop=workshop)
    home = (workshop.folder / "homes" / "nights" / "eval.json").read_text()
    for part in PARTS:
        name = f"sonik-no-{part}"
        report = await run(order(data, tmp_path / f"{name}.json", system=name), workshop=workshop)
        assert report.settings["without"] == [part]
        assert report.index_s == whole.index_s
    assert (workshop.folder / "homes" / "nights" / "eval.json").read_text() == home


async def test_a_second_dense_run_embeds_nothing_and_tells_the_same_cost(
    data: Path, workshop: Workshop, tmp_path: Path
) -> None:
    first = await run(order(data, tmp_path / "a.json", system="dense"), workshop=workshop)
    written = (workshop.folder / "vectors.sqlite").read_bytes()
    second = await run(order(data, tmp_path / "b.json", system="dense"), workshop=workshop)
    assert (workshop.folder / "vectors.sqlite").read_bytes() == written
    assert told(second) == told(first)
    assert second.index_s == pytest.approx(first.index_s, abs=0.05)


def test_the_command_runs_compares_and_reports(command: Command, tmp_path: Path) -> None:
    for system in ("bm25", "rrf"):
        ran = command("run", "--dataset", "nights", "--system", system, "--out", f"{system}.json")
        assert ran.code == 0, ran.err
    written = json.loads((tmp_path / "bm25.json").read_text())
    assert list(written) == [
        "dataset", "system", "commit", "settings", "metrics", "latency_ms", "index_s", "per_query"
    ]  # fmt: skip
    assert set(written["metrics"]) >= {"recall@2", "recall@5", "recall@10", "ndcg@10"}
    assert list(written["latency_ms"]) == ["p50", "p95"]

    compared = command("compare", "rrf.json", "bm25.json", "--metric", "recall@5")
    assert compared.code == 0, compared.err
    assert "rrf (rrf) against bm25 (bm25)" in compared.out
    assert "recall@5" in compared.out

    reported = command("report", "bm25.json", "rrf.json", "--out", "report")
    assert reported.code == 0, reported.err
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "quality.png", "report.json", "report.md", "tradeoff.png"
    ]  # fmt: skip
    assert "| bm25 |" in (tmp_path / "report" / "report.md").read_text()
    assert [one["label"] for one in json.loads((tmp_path / "report" / "report.json").read_text())["runs"]] == [
        "bm25", "rrf"
    ]  # fmt: skip


def test_the_command_shows_what_edges_are_worth(command: Command, tmp_path: Path) -> None:
    ended = command("budget", "--dataset", "nights", "--edges", "50", "--edges", "200", "--out", "edges")
    assert ended.code == 0, ended.err
    names = sorted(path.name for path in (tmp_path / "edges").iterdir())
    assert names == ["budget.md", "budget.png", "nights.200.json", "nights.50.json"]
    asked = [json.loads((tmp_path / "edges" / f"nights.{edges}.json").read_text())["settings"] for edges in (50, 200)]
    assert [settings["passage_edge_budget"] for settings in asked] == [50, 200]
    assert "| nights | 50 |" in (tmp_path / "edges" / "budget.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("run", "--dataset", "nigths", "--system", "bm25"), "Did you mean 'nights'?"),
        (("run", "--dataset", "nights", "--system", "bm52"), "Did you mean 'bm25'?"),
        (("run", "--dataset", "nights", "--system", "bm25", "--limit", "0"), "Give --limit 1 or more."),
        (("report", "none.json"), "There is no none.json."),
    ],
)
def test_what_is_wrong_is_told_and_nothing_written(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], error: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    ended = command(*arguments, "--out", "out.json")
    assert ended.code == 2
    assert error in ended.err
    assert sorted(tmp_path.rglob("*")) == before


def test_runs_of_different_questions_are_not_compared(command: Command) -> None:
    for name, limit in (("a.json", "3"), ("b.json", "4")):
        command("run", "--dataset", "nights", "--system", "bm25", "--limit", limit, "--out", name)
    ended = command("compare", "a.json", "b.json")
    assert ended.code == 2
    assert "answered different questions" in ended.err
