"""Why requests are refused: whoever refuses one says so in its scope, for whoever counts them."""

from typing import Literal, get_args

from starlette.types import Scope

Reason = Literal[
    "rate", "concurrency", "streams", "guesses", "token", "role", "host", "origin", "size", "time", "malformed",
    "sign_in", "form"
]  # fmt: skip
REASONS: tuple[Reason, ...] = get_args(Reason)

_KEY = "sonik.refused"
# What the SDK and the guard refuse is told by the status they answer with.
_BY_STATUS: dict[int, Reason] = {
    400: "malformed", 401: "token", 403: "origin", 408: "time", 413: "size", 421: "host"
}  # fmt: skip


def refuse(scope: Scope, reason: Reason) -> None:
    """Say why a request is refused."""
    scope[_KEY] = reason


def refusal(scope: Scope, status: int) -> Reason | None:
    """Return why a request that was answered so was refused; None for one that was not."""
    told: Reason | None = scope.get(_KEY)
    return told or _BY_STATUS.get(status)
