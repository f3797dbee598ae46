"""A server whose pages people use, people who may sign in there, and browsers without a window."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fix_http import AUDIENCE, Served, serving
from tests.fix_mcp import ANSWER_SECONDS, ROOT, server_environment

PASSWORD = "cuatro palabras de noche"
LOCAL = {"SONIK_PUBLIC_URL": "http://127.0.0.1/mcp", "SONIK_OAUTH_AUDIENCE": AUDIENCE}
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


class Visitor:
    """Somebody with a browser: it keeps cookies, says where forms come from, and follows no redirect by itself.

    Each request takes a connection of its own, and so any of the workers.
    """

    def __init__(self, served: Served, **headers: str) -> None:
        self.base = served.base
        self.cookies = httpx2.Cookies()
        self._headers = headers

    def ask(self, method: str, path: str, **told: Any) -> httpx2.Response:
        """Send a request, and keep the cookies that come back."""
        with httpx2.Client(
            base_url=self.base, timeout=ANSWER_SECONDS, headers=self._headers, cookies=self.cookies
        ) as http:
            answered = http.request(method, path, **told)
            self.cookies = http.cookies
        return answered

    def get(self, path: str, **told: Any) -> httpx2.Response:
        """Open a page."""
        return self.ask("GET", path, **told)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx2.Response:
        """Send a form as a browser does, from a page of the same address unless told otherwise."""
        told = {"origin": self.base, "sec-fetch-site": "same-origin", **headers}
        return self.ask("POST", path, data=fields, headers={name: value for name, value in told.items() if value})

    def form(self, path: str = "/signin") -> str:
        """Open a page, and return the token that its forms bear."""
        return token_in(self.get(path))

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> httpx2.Response:
        """Open the sign-in page, fill its form and send it."""
        return self.post("/signin", {"form_token": self.form(), "name": name, "password": password, **more})

    @property
    def session(self) -> str | None:
        """The token of the session, as the browser keeps it."""
        found: Any = self.cookies.get("sonik-session")
        return None if found is None else str(found)


def token_in(page: httpx2.Response) -> str:
    """Return the token that the forms of a page bear."""
    (found, *_) = _TOKEN.findall(page.text)
    return str(found)


class Office:
    """Two workers over one home, and the people who sign in there."""

    def __init__(self, home: Path, served: Served) -> None:
        self.home = home
        self.served = served

    def add(self, name: str, *words: str) -> None:
        """Let somebody sign in."""
        self.run("add", name, "--ask", *(words or ("--role", "content")), given=PASSWORD + "\n")

    def run(self, *words: str, given: str = "") -> str:
        """Run `sonik people` as staff."""
        environment = server_environment(self.home, SONIK_ROLE="staff", SONIK_USER="olga")
        done = subprocess.run(
            [sys.executable, "-m", "server.cli", "people", *words], env=environment, cwd=ROOT, input=given,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def visitor(self, **headers: str) -> Visitor:
        """Return somebody with a browser of their own."""
        return Visitor(self.served, **headers)

    def visitor_with(self, session: str | None) -> Visitor:
        """Return somebody whose browser has a session's token, on a connection of their own."""
        visitor = Visitor(self.served)
        visitor.cookies.set("sonik-session", session or "")
        return visitor


@pytest.fixture(scope="module")
def office(medellin_home: Path) -> Iterator[Office]:
    """An office on this machine; attempts have a server of their own."""
    with serving(medellin_home, workers=2, SONIK_SIGNIN_ATTEMPTS_PER_MINUTE="1000", **LOCAL) as served:
        yield Office(medellin_home, served)
