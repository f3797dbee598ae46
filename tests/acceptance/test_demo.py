"""`make demo` is the first thing anybody runs: what it promises to print, it prints."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_asks_a_real_server_over_stdio_and_prints_its_answers(home: Path) -> None:
    environment = {
        **os.environ, "SONIK_HOME": str(home), "SONIK_NOW": "2026-11-21T19:00:00-05:00", "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
    }  # fmt: skip
    # Away from the checkout, so that only the sample market is there, as on any machine.
    run = subprocess.run(
        [sys.executable, "-c", "from server.cli import main; main()", "demo"],
        env=environment, cwd=home.parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    printed = run.stdout
    expected = (
        "sonik_search", "sonik_whats_on", "sonik_get_entity",  # the tool list
        "¿Qué hay esta noche en Medellín?", "Sábado Orquídea", "Sonora del Ceibal bajo la enramada",
        "quién toca en Terraza Orquídea Negra esta semana", "Mateo Lumbre",
        '"relations"', '"sources"', "sample-medellin",  # one entity with its neighbours and sources
        "understand", "expand", "hydrate",  # the trace of one search
    )  # fmt: skip
    assert [words for words in expected if words not in printed] == []
