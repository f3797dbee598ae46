"""The desk: where people who are signed in begin."""

from starlette.responses import Response
from starlette.routing import Route

from server.web.front import Front, Visit
from server.web.words import WORDS


class Desk:
    """The first page of the desk: who is signed in, as what, and how to leave."""

    def __init__(self, front: Front) -> None:
        """Take the front that stands before every page."""
        self._front = front

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [self._front.signed_in("/desk", self._show, "GET")]

    async def _show(self, visit: Visit) -> Response:
        settings = visit.engine.settings
        told = {"idle": settings.session_idle_minutes, "hours": settings.session_hours}
        return visit.page("desk.html", ends=WORDS[visit.language]["ends"].format(**told))
