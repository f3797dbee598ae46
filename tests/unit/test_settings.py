"""Settings: read from SONIK_* only, with paths as people write them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sonik.errors import Misconfigured
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


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of secret files that the environment names."""
    monkeypatch.setenv("SONIK_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_secret_is_read_from_its_file_whatever_it_ends_in(secrets: Path) -> None:
    (secrets / "sonik_secret").write_text("same on every server\r\n", encoding="utf-8")
    (secrets / "sonik_postgres_url").write_text("postgresql://sonik:hunter2@postgres/sonik\n", encoding="utf-8")
    settings = Settings()
    assert settings.secret is not None
    assert settings.postgres_url is not None
    assert settings.secret.get_secret_value() == "same on every server"
    assert settings.postgres_url.get_secret_value() == "postgresql://sonik:hunter2@postgres/sonik"


def test_the_environment_goes_before_a_file(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "sonik_market").write_text("quito", encoding="utf-8")
    monkeypatch.setenv("SONIK_MARKET", "medellin")
    assert Settings().market == "medellin"


def test_an_empty_secret_is_refused(secrets: Path) -> None:
    (secrets / "sonik_secret").write_text("\n", encoding="utf-8")
    with pytest.raises(ValidationError, match="at least 1"):
        Settings()


def test_a_secret_that_cannot_be_read_is_told_by_its_place(secrets: Path) -> None:
    (secrets / "sonik_secret").write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match=str(secrets)):
        Settings()


def test_a_folder_of_secrets_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="no such folder"):
        Settings(secrets_dir=tmp_path / "nowhere")
