"""Asking a person before something is taken away: by elicitation in either era, where the client shows forms."""

from collections.abc import Mapping
from typing import Any

from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from server.border import failure
from server.opening import Opening

KEY = "confirm"
ASKED = "asked"
SCHEMA: dict[str, Any] = {
    "type": "object", "required": ["yes"],
    "properties": {"yes": {"type": "boolean", "title": "Yes", "description": "Write it", "default": False}},
}  # fmt: skip
Asked = Context[Opening, Any]


def answered(context: Asked, arguments: Mapping[str, Any]) -> dict[str, Any] | CallToolResult:
    """Return the arguments with a yes that came with a retried call, or what to say of a no."""
    if KEY not in (context.input_responses or {}) or context.request_state is None:
        return dict(arguments)
    answer = (context.input_responses or {})[KEY]
    if isinstance(answer, ElicitResult) and _is_yes(answer):
        return {**arguments, "confirm_token": context.request_state}
    return declined()


def can_ask(context: Asked) -> bool:
    """Say whether the client shows forms, and there is a way to it."""
    capabilities = context.client_capabilities
    shows = capabilities.elicitation if capabilities is not None else None
    if shows is None or (shows.form is None and shows.url is not None):
        return False
    return _is_modern(context) or context.session.can_send_request


async def ask(context: Asked, question: str, token: str) -> bool | InputRequiredResult:
    """Ask a person; the later era has the client ask, and call again with the answer."""
    if _is_modern(context):
        asked = ElicitRequest(params=ElicitRequestFormParams(message=question, requested_schema=SCHEMA))
        return InputRequiredResult(input_requests={KEY: asked}, request_state=token)
    request = context.request_context.request_id
    return _is_yes(await context.session.elicit_form(question, SCHEMA, related_request_id=request))


def declined() -> CallToolResult:
    """Return what an agent is told where the person did not say yes."""
    return failure("declined", "The user did not confirm. Nothing was written.", "Ask what they want instead.")


def _is_modern(context: Asked) -> bool:
    return context.protocol_version in MODERN_PROTOCOL_VERSIONS


def _is_yes(answer: ElicitResult) -> bool:
    return answer.action == "accept" and (answer.content or {}).get("yes") is True
