"""What is installed for Sonik is pinned, to the last transitive version."""

import re
from importlib.metadata import PackageNotFoundError, distribution, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.fix_docs import ROOT

EXTRAS = ("minilm", "embedded", "transformers", "graphrag", "kafka", "otel", "dev", "dev-models")


def pinned() -> dict[str, str]:
    """Return the version of every name in the constraints."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = (re.fullmatch(r"([A-Za-z0-9._-]+)==(\S+)", line) for line in lines if not line.startswith("#"))
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


def installed() -> dict[str, str]:
    """Return the version of everything here that some extra of Sonik leads to."""
    found: dict[str, str] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [("sonik", EXTRAS)]
    while waiting:
        name, extras = waiting.pop()
        for requirement in map(Requirement, requires(name) or ()):
            wanted = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in extras or ("",)
            )
            key = canonicalize_name(requirement.name)
            if not wanted or key in found or key == "sonik":
                continue
            try:
                found[key] = distribution(key).version
            except PackageNotFoundError:
                continue
            waiting.append((key, tuple(requirement.extras)))
    return found


def test_everything_installed_is_pinned_at_its_version() -> None:
    pins = pinned()
    here = installed()
    assert len(here) > 50
    assert {name: pins.get(name, "") for name in here} == {
        name: version.partition("+")[0] for name, version in here.items()
    }


def test_the_pins_name_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|@ |--", text)
