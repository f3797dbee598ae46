"""Around every page: who is there, in which language, whether a form is ours, and what goes wrong told in words."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.http.guard import LOOPBACK
from server.observing.refusals import refuse
from server.opening import Opening
from server.web.cookies import LANGUAGE, Cookies
from server.web.forms import BadForm, form_token, sent_form
from server.web.pages import page, with_headers
from server.web.words import WORDS, known, preferred
from sonik.access.person import SignedIn
from sonik.errors import InvalidInput, NotAllowed, NotFound, SonikError
from sonik.types import Language, Scope

if TYPE_CHECKING:
    from sonik.engine import Engine

logger = logging.getLogger(__name__)

SIGN_IN = "/signin"
SEE_OTHER = 303
STATUS: dict[type[SonikError], int] = {NotFound: 404, NotAllowed: 403, InvalidInput: 400}


class SignInNeeded(NotAllowed):
    """A page for people who are signed in, asked for by somebody who is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One request for a page: `form` holds the fields of a form that was found to be ours."""

    request: Request
    engine: "Engine"
    language: Language
    cookies: Cookies
    there: SignedIn | None
    form: Mapping[str, str]

    @property
    def signed_in(self) -> SignedIn:
        """Who is there.

        Raises:
            SignInNeeded: nobody is signed in.
        """
        if self.there is None:
            raise SignInNeeded("Nobody is signed in.", next_step="Sign in.")
        return self.there

    @property
    def scope(self) -> Scope:
        """As whom they act: as the bearer of a key of their role would.

        Raises:
            SignInNeeded: nobody is signed in.
        """
        return self.signed_in.person.scope

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a page for somebody who is signed in."""
        there = self.signed_in
        return page(
            template, language=self.language, status=status, there=there, form_token=form_token(there.token),
            here=self.request.url.path, **values,
        )  # fmt: skip


Endpoint = Callable[[Visit], Awaitable[Response]]


class Front:
    """The door of all pages. Whatever a form asks for is done only after the form was found to be ours."""

    def __init__(self, opening: Opening) -> None:
        """Stand before the pages of an engine being opened."""
        self.cookies = Cookies(opening.settings)
        self._opening = opening
        public = urlsplit(opening.settings.public_url or "")
        self._public = f"{public.scheme}://{public.netloc}"

    def open_to_all(self, path: str, endpoint: Endpoint, *methods: str) -> Route:
        """Return a route that needs nobody to be signed in; its forms are bound to a cookie of their own."""
        return self._route(path, endpoint, methods, signed=False)

    def signed_in(self, path: str, endpoint: Endpoint, *methods: str) -> Route:
        """Return a route for people who are signed in; others are led to sign in first."""
        return self._route(path, endpoint, methods, signed=True)

    def _route(self, path: str, endpoint: Endpoint, methods: tuple[str, ...], *, signed: bool) -> Route:
        async def answer(request: Request) -> Response:
            language = self._language(request)
            try:
                response = await self._answer(request, endpoint, language, signed=signed)
            except SonikError as error:
                response = _told(request, error, language)
            except Exception as error:
                incident = token_hex(4)
                logger.exception("a page failed", extra={"incident": incident}, exc_info=error)
                text = WORDS[language]["failed"].format(incident=incident)
                response = page("told.html", language=language, status=500, title="failed_title", text=text)
            if known(request.query_params.get("lang")):
                self.cookies.speak(response, language)
            return with_headers(response)

        return Route(path, answer, methods=list(methods))

    async def _answer(self, request: Request, endpoint: Endpoint, language: Language, *, signed: bool) -> Response:
        if not self._is_private(request):
            return page("told.html", language=language, status=403, title="plain_title", text=WORDS[language]["plain"])
        engine = await self._opening.engine()
        token = self.cookies.read(request.cookies, "session")
        there = await engine.sessions.check(token) if token else None
        if signed and there is None:
            raise SignInNeeded("Nobody is signed in.", next_step="Sign in.")
        secret = there.token if there else self.cookies.read(request.cookies, "form")
        posted = request.method == "POST"
        form = await sent_form(request, secret=secret, origins=self._origins(request)) if posted else {}
        visit = Visit(
            request=request, engine=engine, language=language, cookies=self.cookies, there=there, form=form
        )  # fmt: skip
        return await endpoint(visit)

    def _language(self, request: Request) -> Language:
        chosen = known(request.query_params.get("lang")) or known(request.cookies.get(LANGUAGE))
        return chosen or preferred(request.headers.get("accept-language", ""))

    def _is_private(self, request: Request) -> bool:
        """Say whether nobody reads a password on its way: over https, or on this machine."""
        return self.cookies.secure or _is_local(_host(request))

    def _origins(self, request: Request) -> tuple[str, ...]:
        """Return what pages of ours come from."""
        own = _host(request)
        return (self._public, f"http://{own}") if _is_local(own) else (self._public,)


def _host(request: Request) -> str:
    return request.headers.get("host", "").lower()


def _is_local(host: str) -> bool:
    return host in LOOPBACK or host.rpartition(":")[0] in LOOPBACK


def _told(request: Request, error: SonikError, language: Language) -> Response:
    """Return what a person is told of an error."""
    if isinstance(error, SignInNeeded):
        response: Response = RedirectResponse(_sign_in_first(request), status_code=SEE_OTHER)
        return response
    words = WORDS[language]
    if isinstance(error, BadForm):
        refuse(request.scope, "form")
        return page("told.html", language=language, status=403, title="form_title", text=words["form"])
    logger.warning("a page could not be shown", extra={"error": str(error)})
    if error.retryable:
        response = page("told.html", language=language, status=503, title="away_title", text=words["away"])
        response.headers["retry-after"] = "1"
        return response
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    return page("told.html", language=language, status=status, title="refused_title", text=str(error))


def _sign_in_first(request: Request) -> str:
    """Return where to sign in, and from there back to a page that was asked for."""
    if request.method != "GET":
        return SIGN_IN
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{SIGN_IN}?next={quote(request.url.path + query, safe='')}"
