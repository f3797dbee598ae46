"""Pages as they are sent: filled templates, and headers that let them load and be shown nowhere but from here."""

from functools import cache, partial
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from server.version import VERSION
from server.web.words import LANGUAGES, ROLES, WORDS
from sonik.types import Language

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    # Without an origin of their own, forms could not be told from those of another site.
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "vary": "Accept-Language, Cookie",
}
ASSETS = {"style.css": "text/css", "icon.svg": "image/svg+xml"}
DAY_SECONDS = 24 * 3600


def page(template: str, *, language: Language, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page in a language; whatever it is filled with is text."""
    told = {"w": WORDS[language], "roles": ROLES[language], "language": language, "languages": LANGUAGES}
    text = _templates().get_template(template).render(**told, version=VERSION, **values)
    return HTMLResponse(text, status_code=status)


def with_headers(response: Response) -> Response:
    """Return a response with the headers of every page."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def assets() -> list[Route]:
    """Return the routes of what pages load."""
    return [Route(f"/web/{name}", partial(_asset, name), methods=["GET"]) for name in ASSETS]


async def _asset(name: str, _: Request) -> Response:
    text = resources.files("server.web").joinpath(name).read_bytes()
    response = with_headers(Response(text, media_type=ASSETS[name]))
    response.headers["cache-control"] = f"public, max-age={DAY_SECONDS}"
    del response.headers["vary"]
    return response


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("server.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
