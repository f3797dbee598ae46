"""Every call leaves a row in the audit log, whatever comes of it: a tool, a resource, a prompt, a completion.

A subscription leaves two: one when it is asked for, and one that says how long it stood when it ends.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from mcp import MCPError
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import CallToolResult
from pydantic import ValidationError

from server.border import code_of
from server.callers import key_of, scope_of
from server.observing.watching import CANCELLED
from server.opening import Opening
from sonik.audit.call import OK, Call, arguments_digest
from sonik.correlation import correlated
from sonik.errors import NotFound, SonikError

Action = Literal[
    "tools/call", "resources/read", "prompts/get", "completion/complete", "subscriptions/listen", "resources/subscribe",
    "resources/unsubscribe", "subscriptions/ended",
]  # fmt: skip
_TRACE_ID = re.compile(r"[0-9a-f]{8,32}")


@dataclass(slots=True)
class Note:
    """How a call went, to be set while it goes on."""

    outcome: str = OK
    trace_id: str | None = None

    def of(self, result: CallToolResult) -> CallToolResult:
        """Take over how a tool ended, and return its result."""
        if result.is_error:
            self.outcome = code_of(result)
        told = (result.structured_content or {}).get("trace_id")
        # One that judges another call tells of that one's; what a caller made up as such is not kept.
        self.trace_id = told if isinstance(told, str) and _TRACE_ID.fullmatch(told) else None
        return result


@contextmanager
def audited(opening: Opening, action: Action, target: str, arguments: Mapping[str, object]) -> Iterator[Note]:
    """Note a call when it ends; everything that it does goes by its trace id."""
    note, at, started = Note(), opening.clock.now(), perf_counter()
    with correlated() as trace_id:
        try:
            yield note
        except BaseException as error:
            note.outcome = outcome_of(error)
            raise
        finally:
            call = Call(
                at=at, correlation_id=note.trace_id or trace_id, scope=scope_of(opening.settings), key=key_of(),
                action=action, target=target, outcome=note.outcome, ms=round((perf_counter() - started) * 1000, 3),
                arguments=arguments_digest(arguments, key=opening.audit_key),
            )  # fmt: skip
            opening.calls.add(call)


def outcome_of(error: BaseException) -> str:
    """Return the code of what a call failed with: of an error within an error the one that we know."""
    if isinstance(error, asyncio.CancelledError):
        return CANCELLED
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, SonikError):
            return link.code
        if isinstance(link, ValidationError):
            return "invalid_arguments"
        if isinstance(link, ResourceNotFoundError) and link.__cause__ is None:
            return NotFound.code
        link = link.__cause__
    return "refused" if isinstance(error, MCPError) else "internal"
