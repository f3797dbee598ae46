"""Cursors: opaque, signed, and bound to the query and the caller they were made for."""

import base64
import hashlib
import hmac
import json

from sonik.errors import InvalidInput
from sonik.types import JsonObject, Scope

_OFFSET_BYTES = 4
_TAG_BYTES = 12


def encode(offset: int, *, binding: JsonObject, scope: Scope, key: bytes) -> str:
    """Return a cursor for the page that starts at `offset`."""
    body = offset.to_bytes(_OFFSET_BYTES, "big")
    return base64.urlsafe_b64encode(body + _tag(body, binding, scope, key)).decode().rstrip("=")


def decode(cursor: str | None, *, binding: JsonObject, scope: Scope, key: bytes) -> int:
    """Return the offset a cursor stands for; 0 without one.

    Raises:
        InvalidInput: it was not made by this server for this query and caller.
    """
    if cursor is None:
        return 0
    offset = _offset(cursor)
    ours = encode(offset, binding=binding, scope=scope, key=key)
    if not hmac.compare_digest(cursor.encode(), ours.encode()):
        raise InvalidInput(
            "This cursor does not belong to this query.",
            next_step="Repeat the call without a cursor, with the same arguments for each page.",
            field="cursor",
        )
    return offset


def _offset(cursor: str) -> int:
    """Return what a cursor claims to stand for; 0 when it is none."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        return 0
    return int.from_bytes(raw[:_OFFSET_BYTES], "big")


def _tag(body: bytes, binding: JsonObject, scope: Scope, key: bytes) -> bytes:
    who = [scope.role, scope.organisation, scope.user, scope.collection]
    text = json.dumps([binding, who], sort_keys=True, default=str, ensure_ascii=False).encode()
    return hmac.new(key, body + hashlib.sha256(text).digest(), hashlib.sha256).digest()[:_TAG_BYTES]
