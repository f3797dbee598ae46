"""The error border: what goes wrong inside reaches an agent as code, message and next step, and nothing else does."""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Collection
from secrets import token_hex

from mcp_types import CallToolResult, InputRequiredResult, TextContent
from pydantic import ValidationError

from sonik.errors import NotAllowed, SonikError, did_you_mean
from sonik.identity.names import clean_text
from tools.arguments import problems
from tools.catalog import BY_NAME, AnyTool

logger = logging.getLogger(__name__)

INSIDE = "Something went wrong inside Sonik."
Outcome = CallToolResult | InputRequiredResult
LONGEST_MESSAGE = 400
LONGEST_FIX = 250
LONGEST_FIELD = 80
LONGEST_ERROR = 800
_EXAMPLE = re.compile(r"Example: (\{.*\})")


async def at_the_border(tool: AnyTool, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Run a tool; turn every failure into a tool error that says what to do."""
    try:
        return await work()
    except ValidationError as error:
        return failure("invalid_arguments", problems(error), _fix(error, tool), field=_field(error))
    except SonikError as error:
        return failure(error.code, error.message, error.next_step, field=error.field, retryable=error.retryable)
    except Exception:
        incident = token_hex(4)
        logger.exception("a tool failed", extra={"tool": tool.name, "incident": incident})
        return failure("internal", INSIDE, to_report(incident))


def to_report(incident: str) -> str:
    """Return what to tell a caller of an error that only the log may tell."""
    return f"Try again; if it stays, report incident {incident} (the server's log has it)."


def no_tool(name: str, mine: Collection[str]) -> CallToolResult:
    """Return the error for a tool that is not there, or not for this caller."""
    if name in BY_NAME:
        return failure(NotAllowed.code, f"{name} is not for this token.", f"Yours are {', '.join(mine)}.")
    return failure("unknown_tool", f"There is no tool '{name[:80]}'.", did_you_mean(name, list(mine)))


def failure(code: str, message: str, fix: str, *, field: str | None = None, retryable: bool = False) -> CallToolResult:
    """Return a tool error: one small JSON object as text."""
    told: dict[str, str | bool] = {"code": code, "message": "", "fix": one_line(fix, LONGEST_FIX)}
    if field:
        told["field"] = one_line(field, LONGEST_FIELD)
    if retryable:
        told["retryable"] = True
    said = one_line(message, LONGEST_MESSAGE)
    text = json.dumps({**told, "message": said}, ensure_ascii=False)
    if len(text) > LONGEST_ERROR:
        # Escaped quotes and backslashes count twice.
        cut = said[: max(0, len(said) - (len(text) - LONGEST_ERROR) - 1)] + "…"
        text = json.dumps({**told, "message": cut}, ensure_ascii=False)
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


def code_of(result: CallToolResult) -> str:
    """Return the code that a tool error tells."""
    content = result.content[0]
    return str(json.loads(content.text)["code"]) if isinstance(content, TextContent) else "error"


def one_line(text: str, most: int = LONGEST_MESSAGE) -> str:
    """Return a text, which may quote what a caller or a source wrote, as one line with nothing unseen in it."""
    return " ".join(clean_text(text).split())[:most]


def _fix(error: ValidationError, tool: AnyTool) -> str:
    fields = list(tool.arguments.model_fields)
    for detail in error.errors(include_url=False, include_input=False):
        if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
            return did_you_mean(str(detail["loc"][0]), fields)
    example = _EXAMPLE.search(tool.description)
    return f"Example: {example.group(1)}" if example else f"Arguments: {', '.join(fields)}."


def _field(error: ValidationError) -> str | None:
    details = error.errors(include_url=False, include_input=False)
    return ".".join(map(str, details[0]["loc"])) or None if details else None
