"""The docs keep their word: commands run, links lead somewhere, and what is generated is current."""

import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from docs import _generate
from server.cli.main import app
from sonik.engine import Engine
from sonik.settings import Settings
from tests.fix_docs import DOCUMENTS, ROOT, Shell, blocks, script
from tests.fix_engine import READER
from tools.catalog import BY_NAME, TOOLS

README = Path("README.md")
RUNNABLE = [document for document in DOCUMENTS if any(block.mark for block in blocks(document, "sh"))]
DECISIONS = [document for document in DOCUMENTS if re.match(r"\d{4}-", document.name)]
FORBIDDEN = re.compile(
    "|".join(
        (r"//[a-z.-]*(?:py" + "pi|python" + "hosted|npm" + "js)[.]", r"(?<![\w.])/(?:wor" + "k|roo" + "t|farm|tmp)/")
    )
)
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")


def test_what_is_generated_says_what_the_code_says() -> None:
    assert _generate.stale() == []


def test_a_stale_page_is_named_and_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "docs" / "reference", tmp_path / "docs" / "reference")
    shutil.copy(ROOT / README, tmp_path)
    (tmp_path / "docs" / "reference" / "errors.md").write_text("old", encoding="utf-8")
    assert _generate.main(["--check"], root=tmp_path) == 1
    assert "stale: docs/reference/errors.md" in capsys.readouterr().out
    assert _generate.main([], root=tmp_path) == 0
    assert _generate.main(["--check"], root=tmp_path) == 0


def test_the_figures_of_a_bench_reach_the_readme(tmp_path: Path) -> None:
    shutil.copy(ROOT / README, tmp_path)
    (tmp_path / "build").mkdir()
    measured = {"cold_start_s": 2.345, "search_ms": {"p50": 21.0}, "tool_list_tokens": 1234}
    (tmp_path / "build" / "bench.json").write_text(json.dumps(measured), encoding="utf-8")
    readme = _generate.generated(tmp_path)[README]
    block = readme.partition("<!-- generated: figures -->")[2].partition("<!-- end: figures -->")[0]
    assert [line.split(" | ", 1)[1] for line in block.strip().splitlines()[2:]] == [
        "2.35 s | ≤ 3 s |",
        "21 ms |  |",
        "1,234 tokens | ≤ 6,000 tokens |",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("document", RUNNABLE, ids=str)
def test_the_commands_of_a_document_work(document: Path, shell: Shell) -> None:
    ran = shell.run(script(document))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_command_that_is_shown_exists() -> None:
    known = dict(_commands(app.whole(), "sonik"))
    for document in DOCUMENTS:
        for words in _shown("sonik", document):
            name = max((n for n in known if words[: len(n.split())] == n.split()), key=len, default=None)
            assert name is not None, f"{document}: {' '.join(words)}"
            assert {word for word in words if word.startswith("--")} <= known[name], f"{document}: {' '.join(words)}"


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {words[1] for document in DOCUMENTS for words in _shown("make", document)}
    assert shown
    assert shown <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_the_json_of_a_document_is_json(document: Path) -> None:
    for block in blocks(document, "json"):
        json.loads(block.text)


def test_the_client_configuration_names_our_command_and_known_settings() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    server = _configuration()
    assert server["command"].endswith("/.venv/bin/sonik")
    assert "sonik" in project["scripts"]
    prefix = str(Settings.model_config["env_prefix"])
    assert {name.removeprefix(prefix).lower() for name in server["env"]} <= Settings.model_fields.keys()


@pytest.mark.anyio
async def test_a_client_with_the_configuration_of_the_readme_gets_the_tools(shell: Shell) -> None:
    configured = _configuration()
    environment = {**configured["env"], **shell.environment}
    server = StdioServerParameters(command=str(shell.sonik), args=configured["args"], env=environment)
    async with Client(server, read_timeout_seconds=60) as client:
        listed = await client.list_tools()
    assert [tool.name for tool in listed.tools] == [tool.name for tool in TOOLS]


@pytest.mark.anyio
async def test_the_answer_that_the_readme_shows_is_the_answer(market: Engine) -> None:
    call, shown = (json.loads(block.text) for block in blocks(README, "json")[1:])
    rendered = await BY_NAME[call["tool"]].call(market, READER, call["arguments"])
    answer = rendered.structured()
    assert {name: answer[name] for name in shown} == shown


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    for link in LINK.finditer((ROOT / document).read_text(encoding="utf-8")):
        target = (ROOT / document).parent / link["path"] if link["path"] else ROOT / document
        assert target.exists(), f"{document}: {link['path']}"
        if link["anchor"]:
            assert link["anchor"] in _anchors(target), f"{document}: #{link['anchor']}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_document_names_no_registry_and_no_place_on_one_machine(document: Path) -> None:
    found = FORBIDDEN.search((ROOT / document).read_text(encoding="utf-8"))
    assert found is None, f"{document}: {found}"


@pytest.mark.parametrize("decision", DECISIONS, ids=str)
def test_a_decision_is_short_and_has_its_three_parts(decision: Path) -> None:
    lines = (ROOT / decision).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]
    assert decision.name in (ROOT / decision).with_name("README.md").read_text(encoding="utf-8")


def _configuration() -> dict[str, Any]:
    """Return the server entry of the first JSON block of the README."""
    server: dict[str, Any] = json.loads(blocks(README, "json")[0].text)["mcpServers"]["sonik"]
    return server


def _shown(program: str, document: Path) -> Iterator[list[str]]:
    """Yield the commands of a program that a document shows, in blocks and in running text."""
    lines = [line for block in blocks(document, "sh") for line in block.text.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", (ROOT / document).read_text(encoding="utf-8"))
    for line in lines:
        if re.match(rf"{program} \w", line):
            yield shlex.split(line, comments=True)


def _commands(command: Any, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every command that does something, with its options; its type differs with the version of typer."""
    children = getattr(command, "commands", {})
    if not children:
        yield name, {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for child, inner in children.items():
        yield from _commands(inner, f"{name} {child}")


def _anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as Git hosts make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
