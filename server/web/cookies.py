"""What a browser keeps for us: the session's token, the one that the sign-in form is bound to, and a language."""

import re
from collections.abc import Mapping
from typing import Literal

from starlette.responses import Response

from sonik.settings import Settings

Kept = Literal["session", "form"]

LANGUAGE = "sonik-language"
YEAR_SECONDS = 365 * 24 * 3600
# A __Host- cookie is taken over https alone, and no other host of the domain can set one in its place.
SECURE: dict[Kept, str] = {"session": "__Host-sonik", "form": "__Host-sonik-form"}
PLAIN: dict[Kept, str] = {"session": "sonik-session", "form": "sonik-form"}

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Cookies:
    """The cookies of one installation: secure where it is reached over https."""

    def __init__(self, settings: Settings) -> None:
        self.secure = (settings.public_url or "").startswith("https:")
        self._names = SECURE if self.secure else PLAIN

    def read(self, sent: Mapping[str, str], kept: Kept) -> str | None:
        """Return a token that a browser sent; None for what is none."""
        value = sent.get(self._names[kept], "")
        return value if _TOKEN.fullmatch(value) else None

    def keep(self, response: Response, kept: Kept, token: str) -> None:
        """Have the browser keep a token until it is closed."""
        response.set_cookie(
            self._names[kept], token, path="/", secure=self.secure, httponly=True, samesite="lax"
        )  # fmt: skip

    def drop(self, response: Response, kept: Kept) -> None:
        """Have the browser forget a token."""
        response.delete_cookie(self._names[kept], path="/", secure=self.secure, httponly=True, samesite="lax")

    def speak(self, response: Response, language: str) -> None:
        """Have the browser remember a language."""
        response.set_cookie(
            LANGUAGE, language, path="/", max_age=YEAR_SECONDS, secure=self.secure, httponly=True, samesite="lax"
        )
