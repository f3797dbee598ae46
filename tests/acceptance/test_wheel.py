"""What is installed from the wheel works far from the checkout, without a network."""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fix_engine import NOW
from tests.fix_mcp import ROOT

pytestmark = pytest.mark.slow

RUN_SECONDS = 240
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """A virtual environment with nothing of its own but the wheel, and a directory to stand in."""

    prefix: Path
    folder: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, with nothing that would lead back to the checkout."""
        environment = {
            "PATH": os.pathsep.join((str(self.prefix / "bin"), os.defpath)), "HOME": str(self.folder),
            "SONIK_HOME": str(self.folder / "home"), "SONIK_NOW": NOW.isoformat(), "SONIK_MARKET": "medellin",
            "COLUMNS": "200",
        }  # fmt: skip
        return subprocess.run(
            [str(self.prefix / "bin" / command[0]), *command[1:]], env=environment, cwd=self.folder,
            capture_output=True, text=True, timeout=RUN_SECONDS, check=False,
        )  # fmt: skip

    def said(self, *command: str) -> str:
        """Return what a program that ends well says."""
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("sonik-*.whl")
    return built


@pytest.fixture(scope="module")
def installation(wheel: Path) -> Iterator[Installation]:
    """The wheel installed; the libraries are those of the interpreter that runs the tests."""
    with tempfile.TemporaryDirectory(prefix="sonik-wheel-") as name:
        folder = Path(name).resolve()
        prefix = folder / "venv"
        venv.create(prefix, symlinks=True)
        python = str(prefix / "bin" / "python")
        install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
        subprocess.run([*install, str(wheel)], check=True, timeout=RUN_SECONDS, capture_output=True)
        (own,) = prefix.glob("lib/python*/site-packages")
        # Only now: pip must not see the editable installation that may be among these libraries.
        (own / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        (folder / "elsewhere").mkdir()
        yield Installation(prefix=prefix, folder=folder / "elsewhere")


def test_the_wheel_holds_every_file_of_its_packages_and_no_tests(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()  # fmt: skip
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert shipped == set(listed)


def test_its_packages_are_its_own(installation: Installation) -> None:
    names = ", ".join(PACKAGES)
    where = f"import json, {names}; print(json.dumps([p.__file__ for p in ({names})]))"
    found = json.loads(installation.said("python", "-c", where))
    assert [Path(path).parents[4] for path in found] == [installation.prefix] * len(PACKAGES)
    assert installation.said("sonik", "version").strip() != "0+source"


def test_it_examines_itself_and_finds_nothing_wrong(installation: Installation) -> None:
    findings = json.loads(installation.said("sonik", "doctor", "--json"))
    assert [finding for finding in findings if not finding["ok"]] == []


def test_its_demo_fills_a_home_and_asks_a_real_server(installation: Installation) -> None:
    told = installation.said("sonik", "demo")
    assert "Medellín sample market: " in told
    assert "trace " in told
    report = json.loads(installation.said("sonik", "sync", "status", "--check", "--json"))
    assert all(compared["agrees"] for compared in report["check"])


def test_a_file_is_taken_in_in_the_background_and_backed_up(installation: Installation) -> None:
    record = {"kind": "venue", "name": "Casa de la Rueda", "source_id": "v1", "market": "medellin"}
    (installation.folder / "venues.jsonl").write_text(json.dumps(record), encoding="utf-8")
    ingest = ("ingest", "venues.jsonl", "--source", "file", "--background", "--json")
    job_id = json.loads(installation.said("sonik", *ingest))["job_id"]
    installation.said("sonik", "job", "work", "--until-idle")
    assert json.loads(installation.said("sonik", "job", job_id, "--json"))["status"] == "succeeded"
    installation.said("sonik", "backup", "kept")
    assert sorted(path.name for path in (installation.folder / "kept").iterdir()) == ["manifest.json", "truth.dump"]
