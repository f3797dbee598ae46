"""Pages for people: they sign in with a browser, and work at the desk."""

from starlette.routing import Route

from server.opening import Opening
from server.web.desk import Desk
from server.web.front import Front
from server.web.pages import assets
from server.web.signing import Signing


def routes(opening: Opening) -> list[Route]:
    """Return the routes of all pages; none where they are off."""
    if opening.settings.web == "off":
        return []
    front = Front(opening)
    return [*Signing(front, opening).routes(), *Desk(front).routes(), *assets()]
