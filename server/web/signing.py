"""The pages by which people sign in and out."""

import logging
import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.http.bounds import TOO_MANY
from server.observing.refusals import refuse
from server.opening import Opening
from server.web.attempts import Attempts
from server.web.forms import form_token
from server.web.front import SEE_OTHER, SIGN_IN, Front, Visit
from server.web.pages import page
from server.web.words import WORDS
from sonik.access.sessions import mint

logger = logging.getLogger(__name__)

DESK = "/desk"
WRONG = 403
LONGEST_NEXT = 2_000
# A path of ours: with a second slash, or what browsers take for one, it would be another host.
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


class Signing:
    """Signs people in and out."""

    def __init__(self, front: Front, opening: Opening) -> None:
        """Take the front that stands before every page."""
        self._front = front
        self._attempts = Attempts(opening.settings)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            self._front.open_to_all(SIGN_IN, self._ask, "GET"),
            self._front.open_to_all(SIGN_IN, self._sign_in, "POST"),
            self._front.signed_in("/signout", self._sign_out, "POST"),
        ]

    async def _ask(self, visit: Visit) -> Response:
        """Show the form, or lead somebody who is signed in on."""
        asked = visit.request.query_params
        if visit.there is not None:
            return RedirectResponse(local_path(asked.get("next", "")), status_code=SEE_OTHER)
        note = "left" if "out" in asked else "needed" if "next" in asked else None
        return _form(visit, then=asked.get("next", ""), note=note)

    async def _sign_in(self, visit: Visit) -> Response:
        """Begin a session under a token that nobody knew before."""
        name, then = visit.form.get("name", ""), visit.form.get("next", "")
        seconds = await self._attempts.wait_seconds(visit.request, name, buckets=visit.engine.buckets)
        if seconds:
            return _too_many(visit, seconds, name=name, then=then)
        before = visit.there.token if visit.there else None
        signed_in = await visit.engine.sessions.sign_in(name, visit.form.get("password", ""), instead_of=before)
        if signed_in is None:
            _refuse(visit.request)
            return _form(visit, then=then, name=name, problem=WORDS[visit.language]["wrong"], status=WRONG)
        response = RedirectResponse(local_path(then), status_code=SEE_OTHER)
        visit.cookies.drop(response, "form")
        visit.cookies.keep(response, "session", signed_in.token)
        return response

    async def _sign_out(self, visit: Visit) -> Response:
        """End the session, or all of the same person."""
        await visit.engine.sessions.end(visit.signed_in, everywhere=visit.form.get("where") == "everywhere")
        response = RedirectResponse(f"{SIGN_IN}?out=1", status_code=SEE_OTHER)
        visit.cookies.drop(response, "session")
        return response


def local_path(wanted: str) -> str:
    """Return where to go on: a path of ours, the desk for anything else."""
    return wanted if len(wanted) <= LONGEST_NEXT and _LOCAL.fullmatch(wanted) else DESK


def _form(
    visit: Visit, *, then: str, name: str = "", note: str | None = None, problem: str | None = None, status: int = 200
) -> Response:
    """Return the sign-in page, its form bound to a token that the browser keeps."""
    secret = visit.cookies.read(visit.request.cookies, "form") or mint()
    response = page(
        "signin.html", language=visit.language, status=status, form_token=form_token(secret), then=local_path(then),
        name=name, note=note, problem=problem, here=SIGN_IN,
    )  # fmt: skip
    visit.cookies.keep(response, "form", secret)
    if visit.there is None and visit.cookies.read(visit.request.cookies, "session"):
        visit.cookies.drop(response, "session")
    return response


def _too_many(visit: Visit, seconds: int, *, name: str, then: str) -> Response:
    _refuse(visit.request)
    problem = WORDS[visit.language]["wait"].format(seconds=seconds)
    response = _form(visit, then=then, name=name, problem=problem, status=TOO_MANY)
    response.headers["retry-after"] = str(seconds)
    return response


def _refuse(request: Request) -> None:
    refuse(request.scope, "sign_in")
    logger.info("a sign-in was refused")
