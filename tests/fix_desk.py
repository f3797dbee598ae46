"""A server whose pages people use, people who may sign in there, and browsers without a window."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sonik.access.people import People
from sonik.access.person import NewPerson
from sonik.engine import Engine
from sonik.types import Role, Scope
from tests.fix_http import AUDIENCE, Served, serving
from tests.fix_mcp import ANSWER_SECONDS

PASSWORD = "cuatro palabras de noche"
STAFF = Scope(role="staff", user="olga")
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """Two workers over one home, and the people who sign in there, each with the same password."""

    served: Served
    people: People

    async def add(self, name: str, *, role: Role = "content", organisation: str | None = None) -> None:
        """Let somebody sign in."""
        wish = NewPerson(name=name, role=role, organisation=organisation)
        await self.people.add(wish, password=PASSWORD, scope=STAFF)

    def visitor(self, **headers: str) -> Visitor:
        """Return somebody with a browser of their own."""
        return Visitor(self.served, **headers)

    def visitor_with(self, session: str | None) -> Visitor:
        """Return somebody whose browser has a session's token, on a connection of their own."""
        visitor = Visitor(self.served)
        visitor.cookies.set("sonik-session", session or "", domain="127.0.0.1")
        return visitor


@pytest.fixture(scope="module")
def lobby(medellin_home: Path, market: Engine) -> Iterator[Office]:
    """A desk on this machine, where as many may try to sign in as there are tests."""
    with serving(medellin_home, workers=2, SONIK_SIGNIN_ATTEMPTS_PER_MINUTE="1000", **LOCAL) as served:
        yield Office(served=served, people=market.people)
