"""What ships Sonik in containers is of the right shape, and gives away nothing."""

import json
import re
import stat
import subprocess
from pathlib import Path

import pytest

from server.version import VERSION
from sonik.settings import Settings
from tests.fix_compose import DOCKERFILE, MAKE_SECRETS, OURS, Compose, read_compose
from tests.fix_docs import ROOT

PREFIX = "SONIK_"


@pytest.fixture(scope="module")
def compose() -> Compose:
    return read_compose()


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """The instructions of the Dockerfile, each on one line."""
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text(encoding="utf-8"))
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_whatever_is_named_is_declared(compose: Compose) -> None:
    for name, service in compose.services.items():
        assert set(service.networks) <= compose.networks.keys(), name
        assert set(service.secrets) <= compose.secrets.keys(), name
        assert {mount.partition(":")[0] for mount in service.volumes} <= compose.volumes.keys(), name
        assert service.depends_on.keys() <= compose.services.keys(), name
        waited = {other for other, on in service.depends_on.items() if on.condition == "service_healthy"}
        assert not [other for other in waited if compose.services[other].healthcheck.disable], name


def test_whatever_is_declared_is_used(compose: Compose) -> None:
    services = compose.services.values()
    assert {name for one in services for name in one.secrets} == compose.secrets.keys()
    assert {name for one in services for name in one.networks} == compose.networks.keys()
    assert {mount.partition(":")[0] for one in services for mount in one.volumes} == compose.volumes.keys()


def test_the_stores_are_reached_by_nobody_but_ours(compose: Compose) -> None:
    assert compose.networks["stores"].internal
    assert [name for name, service in compose.services.items() if service.ports] == ["server"]
    outside = {name for name, service in compose.services.items() if service.networks != ["stores"]}
    assert outside == {"server"}


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_nothing_but_their_work(compose: Compose, name: str) -> None:
    service = compose.services[name]
    assert (service.image, service.read_only, service.cap_drop) == (f"sonik:{VERSION}", True, ["ALL"])
    assert service.security_opt == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OURS)
def test_our_settings_are_settings_and_secrets_come_from_files_alone(compose: Compose, name: str) -> None:
    service = compose.services[name]
    named = {key.removeprefix(PREFIX).lower() for key in service.environment if key.startswith(PREFIX)}
    filed = {secret.removeprefix(PREFIX.lower()) for secret in service.secrets}
    assert named | filed <= Settings.model_fields.keys()
    secret = {key for key, one in Settings.model_fields.items() if "SecretStr" in str(one.annotation)}
    assert filed <= secret
    assert not named & secret


def test_every_secret_is_made_up_once_and_read_by_nobody_else(compose: Compose, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for _ in range(2):
        subprocess.run([str(MAKE_SECRETS), str(folder)], check=True, timeout=60)
        made = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert {f"secrets/{name}" for name in made} == {secret.file for secret in compose.secrets.values()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    password = made["falkordb.conf"].split()[1]
    assert made["sonik_falkordb_url"] == f"redis://:{password}@falkordb:6379\n"
    assert len({made[name] for name in ("sonik_secret", "postgres_password", "redis.conf", "falkordb.conf")}) == 4
    subprocess.run([str(MAKE_SECRETS), str(folder)], check=True, timeout=60)
    assert made == {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_secrets_are_kept_out_of_the_repository_and_the_image() -> None:
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert "!secrets" not in ignored


def test_every_base_is_of_one_exact_version(lines: list[str]) -> None:
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert len(bases) == 1
    assert all(re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", base) for base in bases)


def test_what_is_copied_reaches_the_builder_and_is_there(lines: list[str]) -> None:
    copied = {
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    }
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    assert copied == allowed
    assert not [name for name in copied if not (ROOT / name).exists()]


def test_whatever_is_installed_is_pinned_and_nothing_is_kept_of_it(lines: list[str]) -> None:
    installs = [part for line in lines for part in line.split("&&") if "pip install" in part]
    assert installs
    assert all("--constraint constraints.txt" in part for part in installs)
    assert any(line.startswith("ENV ") and "PIP_NO_CACHE_DIR=1" in line for line in lines)


def test_the_image_runs_as_nobody_in_particular_and_trusts_no_working_directory(lines: list[str]) -> None:
    final = lines[max(place for place, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert [line for line in final if line.startswith("USER ")] == ["USER 10001:10001"]
    assert any("PYTHONSAFEPATH=1" in line for line in final if line.startswith("ENV "))
    assert any("SONIK_HOME=/var/lib/sonik" in line for line in final if line.startswith("ENV "))


def test_commands_are_lists_so_that_signals_arrive(lines: list[str], compose: Compose) -> None:
    begun = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in lines if line.startswith(("ENTRYPOINT ", "CMD "))}
    assert json.loads(begun["ENTRYPOINT"]) == ["sonik"]
    assert compose.services["server"].command[:4] == json.loads(begun["CMD"])


def test_image_and_server_are_asked_the_same_question(lines: list[str], compose: Compose) -> None:
    asked = next(line for line in lines if line.startswith("HEALTHCHECK ")).partition(" CMD ")[2]
    assert ["CMD", *json.loads(asked)] == compose.services["server"].healthcheck.test
