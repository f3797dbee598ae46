"""Settings: read from SONIK_* only, with paths as people write them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sonik.settings import Settings


def test_a_tilde_in_a_clients_configuration_means_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONIK_HOME", "~/somewhere")
    assert Settings().home == Path.home() / "somewhere"


def test_a_relative_home_is_made_absolute_once() -> None:
    assert Settings(home=Path("data")).home == Path.cwd() / "data"


def test_a_moment_without_an_offset_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONIK_NOW", "2026-11-21T20:00:00")
    with pytest.raises(ValidationError, match="timezone"):
        Settings()


def test_a_key_follows_the_secret_and_the_purpose_and_is_new_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().key_for("cursor") != Settings().key_for("cursor")
    monkeypatch.setenv("SONIK_SECRET", "same on every server")
    assert Settings().key_for("cursor") == Settings().key_for("cursor") != Settings().key_for("request state")


def test_secrets_stay_out_of_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONIK_POSTGRES_URL", "postgresql://sonik:hunter2@localhost/sonik")
    assert "hunter2" not in repr(Settings())
