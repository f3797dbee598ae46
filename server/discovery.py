"""What the server says it can do, by the newest protocol: of news it declares only what it sends."""

from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import DiscoverResult, RequestParams, ServerCapabilities
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from server.opening import Opening

Asked = ServerRequestContext[Opening, Any]


def serve_discovery(server: Server[Opening]) -> None:
    """Answer what the server can do."""

    async def discover(asked: Asked, params: RequestParams | None) -> DiscoverResult:
        del params
        able = server.get_capabilities(protocol_version=asked.protocol_version)
        return DiscoverResult(
            supported_versions=list(MODERN_PROTOCOL_VERSIONS), capabilities=honest(able),
            instructions=server.instructions,
        )  # fmt: skip

    server.add_request_handler("server/discover", RequestParams, discover)


def honest(able: ServerCapabilities) -> ServerCapabilities:
    """Return capabilities without news of lists, which stay what they are as long as a server runs.

    The SDK takes whoever can be listened to for one that tells of everything.
    """
    listed = {"tools": able.tools, "prompts": able.prompts, "resources": able.resources}
    quiet = {name: one.model_copy(update={"list_changed": False}) for name, one in listed.items() if one is not None}
    return able.model_copy(update=quiet)
