"""A package of others that is not run until something of it is asked for."""

import sys
from pathlib import Path

import pytest

from sonik.stores.unrun import leave_unrun


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that cannot be run without being noticed, with a module that can be had alone."""
    folder = tmp_path / "sonik_test_heavy"
    folder.mkdir()
    (folder / "__init__.py").write_text("from sonik_test_heavy import clients\nNAME = 'heavy'\n", encoding="utf-8")
    (folder / "clients.py").write_text("", encoding="utf-8")
    (folder / "models.py").write_text("SIZE = 3\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("sonik_test_heavy", "sonik_test_heavy.clients", "sonik_test_heavy.models"):
        # Set and taken away again, so that what the test imports is forgotten after it.
        monkeypatch.setitem(sys.modules, name, sys)
        del sys.modules[name]
    return folder.name


def test_a_module_is_imported_without_the_rest_of_its_package(package: str) -> None:
    leave_unrun(package)
    from sonik_test_heavy.models import SIZE  # type: ignore[import-not-found]  # made by the fixture

    assert SIZE == 3
    assert f"{package}.clients" not in sys.modules
    assert getattr(sys.modules[package], "__warningregistry__", None) is None
    assert f"{package}.clients" not in sys.modules


def test_the_package_is_run_when_a_name_of_it_is_asked_for(package: str) -> None:
    leave_unrun(package)
    from sonik_test_heavy import NAME  # type: ignore[import-not-found]  # made by the fixture

    assert NAME == "heavy"
    assert f"{package}.clients" in sys.modules
    with pytest.raises(ImportError):
        from sonik_test_heavy import NOTHING  # noqa: F401


def test_what_runs_already_or_is_not_installed_is_left_alone(package: str) -> None:
    before = sys.modules["json"]
    leave_unrun("json")
    leave_unrun(f"{package}_that_nobody_has")
    assert sys.modules["json"] is before
    assert f"{package}_that_nobody_has" not in sys.modules
