"""Who may read figures where nobody needs a token."""

import pytest
from starlette.types import Message, Scope

from server.http.scraping import Scraping
from server.observing.metrics import Metrics
from server.observing.refusals import refusal
from server.opening import Opening
from sonik.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("address", "status", "reason"), [("127.0.0.1", 200, None), ("::1", 200, None), ("203.0.113.9", 403, "role")]
)
async def test_without_tokens_this_machine_alone_is_told(address: str, status: int, reason: str | None) -> None:
    route = Scraping(Opening(Settings(http_auth="off")), Metrics()).route()
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/metrics",
        "headers": [],
        "client": (address, 1),
        "app": None,
    }
    answered: list[Message] = []

    async def send(message: Message) -> None:
        answered.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await route.handle(scope, receive, send)
    assert answered[0]["status"] == status
    assert refusal(scope, answered[0]["status"]) == reason
    # The stores are not open: what only truth knows is left out, and said to be.
    assert (b"sonik_truth_up 0.0" in answered[1]["body"]) is (status == 200)
