"""Forms: each bears a token of the session it was shown in, and comes from a page of ours or is refused."""

import hashlib
import hmac
from collections.abc import Collection
from urllib.parse import parse_qsl

from starlette.requests import Request

from sonik.errors import NotAllowed

FIELD = "form_token"
MOST_BYTES = 64 * 1024
MOST_FIELDS = 100
TYPE = "application/x-www-form-urlencoded"


class BadForm(NotAllowed):
    """A form that was not shown in this session, or does not come from a page of ours; nothing was done."""


def form_token(secret: str) -> str:
    """Return what forms bear of a session: whoever reads it learns nothing of the session's own token."""
    return hmac.new(secret.encode(), b"sonik form", hashlib.sha256).hexdigest()


async def sent_form(request: Request, *, secret: str | None, origins: Collection[str]) -> dict[str, str]:
    """Return the fields of a form that was shown in the session of a secret.

    Raises:
        BadForm: it comes from elsewhere, bears no token or another one, or is no form.
    """
    _check_origin(request, origins)
    fields = _fields(request.headers.get("content-type", ""), await request.body())
    given = fields.pop(FIELD, "").encode("utf-8", "replace")
    if secret is None or not hmac.compare_digest(form_token(secret).encode(), given):
        raise BadForm("The form bears no token of this session.", next_step="Open the page again.")
    return fields


def _check_origin(request: Request, origins: Collection[str]) -> None:
    """Refuse what does not say it comes from a page of ours: every browser of today says one of the two."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    wrong = (site is None and origin is None) or site not in (None, "same-origin")
    if wrong or (origin is not None and origin not in origins):
        raise BadForm("The form comes from another site.", next_step="Open the page at Sonik's own address.")


def _fields(kind: str, body: bytes) -> dict[str, str]:
    if kind.partition(";")[0].strip().lower() != TYPE or len(body) > MOST_BYTES:
        raise BadForm("This is no form of ours.", next_step="Open the page again.")
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace"))
    except ValueError as error:
        raise BadForm("This is no form of ours.", next_step="Open the page again.") from error
