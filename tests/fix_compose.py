"""docker-compose.yml as data, in the shape its specification gives it, and its commands run without Docker."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tests.fix_docs import LAUNCHER, ROOT

FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
MAKE_SECRETS = ROOT / "deploy" / "make-secrets"
OURS = ("migrate", "server", "projector", "worker")
END_SECONDS = 20
RUN_SECONDS = 60

_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")

Duration = Annotated[str, StringConstraints(pattern=r"^(\d+(h|m|s|ms|us))+$")]
Size = Annotated[str, StringConstraints(pattern=r"^\d+[bkmg]$")]
Image = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9/._-]*:[\w.-]*\d[\w.-]*$")]
Port = Annotated[str, StringConstraints(pattern=r"^127\.0\.0\.1:\d+:\d+$")]
Mount = Annotated[str, StringConstraints(pattern=r"^[\w.-]+:/[\w./-]+(:ro)?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Healthcheck(_Strict):
    """How a service is asked whether it is well; or that it is not asked."""

    test: list[str] = []
    interval: Duration | None = None
    timeout: Duration | None = None
    start_period: Duration | None = None
    retries: int | None = Field(None, ge=1)
    disable: bool = False

    @model_validator(mode="after")
    def _asks(self) -> "Healthcheck":
        asks = bool(self.test) and self.test[0] in {"CMD", "CMD-SHELL"} and self.interval is not None
        if asks is self.disable:
            raise ValueError("either a test with an interval, or disabled")
        return self


class Condition(_Strict):
    """What another service must have come to."""

    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Service(_Strict):
    """A service, with the attributes we use of those there are."""

    image: Image
    build: str | None = None
    entrypoint: list[str] | None = None
    command: list[str] = []
    restart: Literal["no", "always", "on-failure", "unless-stopped"]
    init: bool = False
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    stop_grace_period: Duration | None = None
    shm_size: Size | None = None
    environment: dict[str, str] = {}
    networks: list[str]
    ports: list[Port] = []
    secrets: list[str] = []
    volumes: list[Mount] = []
    healthcheck: Healthcheck
    depends_on: dict[str, Condition] = {}


class Network(_Strict):
    """A network; an internal one has no way out."""

    internal: bool = False


class Volume(_Strict):
    """A volume that is kept."""


class Secret(_Strict):
    """A secret, and the file it is in."""

    file: str


class Compose(_Strict):
    """The whole file; what services share is in `x-` parts, which are looked at where they are used."""

    name: str
    services: dict[str, Service]
    networks: dict[str, Network]
    volumes: dict[str, Volume]
    secrets: dict[str, Secret]


def read_compose(path: Path = FILE) -> Compose:
    """Return the file as it was written, with defaults where it names variables."""
    told = yaml.safe_load(_substituted(path.read_text(encoding="utf-8")))
    return Compose.model_validate({key: value for key, value in told.items() if not key.startswith("x-")})


def _substituted(text: str) -> str:
    return _VARIABLE.sub(lambda found: "$" if found["dollar"] else found["default"] or "", text)


@dataclass(kw_only=True, slots=True)
class Machine:
    """Where services run as processes: what a container has at fixed places is in a folder, under other names."""

    folder: Path
    compose: Compose
    replaced: Mapping[str, str]
    stack: ExitStack = field(default_factory=ExitStack)
    running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the programs of the image, its folders and the secrets."""
        programs = self.folder / "bin"
        programs.mkdir(parents=True)
        (programs / "sonik").write_text(LAUNCHER.format(python=sys.executable), encoding="utf-8")
        (programs / "sonik").chmod(0o755)
        (programs / "python").symlink_to(sys.executable)
        subprocess.run([str(MAKE_SECRETS), str(self.folder / "made")], check=True, timeout=RUN_SECONDS)
        secrets = self.folder / "secrets"
        secrets.mkdir()
        for made in (self.folder / "made").iterdir():
            (secrets / made.name).write_text(self.told(made.read_text(encoding="utf-8")), encoding="utf-8")

    def told(self, text: str) -> str:
        """Return a text of the compose file with the places of this machine."""
        places = {"/run/secrets": str(self.folder / "secrets"), "/var/lib/sonik": str(self.folder / "lib")}
        for name, here in {**places, **self.replaced}.items():
            text = text.replace(name, here)
        return text

    def command(self, name: str) -> list[str]:
        """Return the command line of a service, begun as the image begins it."""
        service = self.compose.services[name]
        begun = ["sonik"] if name in OURS else service.entrypoint or []
        return [self.told(word) for word in (*begun, *service.command)]

    def environment(self, name: str) -> dict[str, str]:
        """Return what a service finds in its environment."""
        told = {key: self.told(value) for key, value in self.compose.services[name].environment.items()}
        path = os.pathsep.join((str(self.folder / "bin"), os.environ["PATH"]))
        fixed = {
            "PATH": path,
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "SONIK_HOME": self.told("/var/lib/sonik"),
        }
        return {**fixed, "SONIK_SECRETS_DIR": self.told("/run/secrets"), **told}

    def run(self, name: str, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a service to its end, or another command in its place, as `docker compose run -e` does."""
        words = command or tuple(self.command(name))
        return subprocess.run(
            words, env={**self.environment(name), **environment}, cwd=self.folder, capture_output=True, text=True,
            timeout=RUN_SECONDS, check=False, executable=self._found(words[0]),
        )  # fmt: skip

    def start(self, name: str, *more: str) -> None:
        """Start a service; it ends with the machine."""
        words = [*self.command(name), *more]
        log = self.stack.enter_context((self.folder / f"{name}.log").open("wb"))
        self.running[name] = subprocess.Popen(
            words, env=self.environment(name), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            executable=self._found(words[0]),
        )  # fmt: skip

    def is_well(self, name: str) -> bool:
        """Ask a service as its healthcheck does."""
        kind, *words = self.compose.services[name].healthcheck.test
        assert kind == "CMD"
        return self.run(name, *map(self.told, words)).returncode == 0

    def become_well(self, name: str) -> None:
        """Ask until it is well; a process that has ended never is."""
        while not self.is_well(name):
            assert self.running[name].poll() is None, self.log(name)

    def ended(self, name: str) -> int:
        """Ask a service to end, and return its exit code."""
        self.running[name].terminate()
        return self.running[name].wait(timeout=END_SECONDS)

    def log(self, name: str) -> str:
        """Return what a service wrote."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """End what still runs, the last first."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=END_SECONDS)
        self.stack.close()

    def _found(self, program: str) -> str:
        return shutil.which(program, path=os.pathsep.join((str(self.folder / "bin"), os.environ["PATH"]))) or program
