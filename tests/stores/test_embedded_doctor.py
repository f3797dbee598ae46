"""The doctor names what is missing and what to do about it."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from sonik.settings import Settings
from sonik.stores.embedded.binaries import redis_binaries
from sonik.stores.embedded.doctor import Finding, examine
from tests.fix_embedded import ROOT


def by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_a_complete_machine_has_no_complaints(tmp_path: Path) -> None:
    findings = examine(Settings(home=tmp_path / "home"))
    assert [finding for finding in findings if not finding.ok] == []
    assert [finding.name for finding in findings] == [
        "Python",
        "package server",
        "package tools",
        "package prompts",
        "PostgreSQL",
        "Redis",
        "system libraries",
        "module redisearch",
        "module rejson",
        "module falkordb",
        "account",
        "home",
        "disk",
        "sockets",
        "model model.onnx",
        "model tokenizer.json",
    ]
    assert {finding.remedy for finding in findings} == {""}


def test_an_examination_changes_nothing(tmp_path: Path) -> None:
    examine(Settings(home=tmp_path / "home"))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_system_library_is_named_with_its_package(tmp_path: Path) -> None:
    lacking = tmp_path / "falkordb.so"
    lacking.write_bytes(redis_binaries(Settings()).falkordb.read_bytes().replace(b"libgomp.so.1", b"libgomp.so.9"))
    lacking.chmod(0o755)
    found = by_name(examine(Settings(falkordb_module=lacking)))
    step = "Install it: `apt-get install libgomp1` (Debian, Ubuntu) or `brew install libomp` (macOS)."
    assert found["system libraries"] == Finding(
        name="system libraries", ok=False, what="missing: libgomp.so.9", remedy=step
    )
    assert (found["module falkordb"].ok, found["module falkordb"].remedy) == (False, step)
    assert found["module redisearch"].ok


def test_a_file_that_is_no_module_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "redisearch.so"
    broken.write_text("not a library, but long enough to be read as one header" * 4)
    broken.chmod(0o755)
    found = by_name(examine(Settings(redisearch_module=broken)))["module redisearch"]
    assert not found.ok
    assert "invalid ELF header" in found.what
    assert "SONIK_REDISEARCH=off" in found.remedy


def test_missing_binaries_are_findings_not_errors(tmp_path: Path) -> None:
    found = by_name(examine(Settings(pg_bin=tmp_path, redis_bin=tmp_path / "redis-server")))
    assert (found["PostgreSQL"].ok, found["Redis"].ok) == (False, False)
    assert found["Redis"].remedy == "Correct or unset SONIK_REDIS_BIN."


def test_search_that_is_off_is_well() -> None:
    found = by_name(examine(Settings(redisearch="off")))["module redisearch"]
    assert found == Finding(name="module redisearch", ok=True, what="not used; the cache works without it")


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = by_name(examine(Settings(home=tmp_path / "file" / "home")))["home"]
    assert (found.ok, found.remedy) == (False, "Set SONIK_HOME to a directory this account may write.")


def test_models_matter_only_for_the_model_in_use() -> None:
    assert not [one for one in examine(Settings(embedder="some/model")) if one.name.startswith("model ")]


@pytest.mark.parametrize("form", ["tools/__init__.py", "tools.py"])
def test_a_foreign_package_that_shadows_ours_is_named(tmp_path: Path, form: str) -> None:
    (tmp_path / form).parent.mkdir(exist_ok=True)
    (tmp_path / form).touch()
    script = (
        "from sonik.settings import Settings; from sonik.stores.embedded.doctor import examine\n"
        "for one in examine(Settings()):\n"
        "    if not one.ok: print(one.name, '|', one.what, '|', one.remedy)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONSAFEPATH": "1"}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    foreign = (tmp_path / form).parent if form.endswith("__init__.py") else tmp_path / form
    assert ran.stdout.splitlines() == [
        f"package tools | {foreign} | This is not Sonik's package `tools`: uninstall it, or start from a directory"
        " without one."
    ]


def test_a_distribution_that_writes_into_our_package_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other_tools-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other-tools\nVersion: 1.0\n")
    (other / "top_level.txt").write_text("tools\n")
    script = (
        "from sonik.settings import Settings; from sonik.stores.embedded.doctor import examine\n"
        "for one in examine(Settings()):\n"
        "    if not one.ok: print(one.name, '|', one.what, '|', one.remedy)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "PYTHONSAFEPATH": "1"}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [
        f"package tools | {ROOT / 'tools'}, which other-tools also writes into | Uninstall other-tools, then"
        " `pip install --force-reinstall --no-deps sonik`."
    ]
