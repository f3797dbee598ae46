"""Confirm tokens: the word that a call may take something away, signed for that call, that state and ten minutes."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes

from sonik.errors import InvalidInput
from sonik.ingest.losses import Losses
from sonik.types import JsonObject, Scope

LIFETIME = timedelta(minutes=10)
_TIME_BYTES = 5
_NONCE_BYTES = 6
_TAG_BYTES = 16
_HEAD = _TIME_BYTES + _NONCE_BYTES


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call of one caller at one moment, as tokens are bound to it."""

    tool: str
    arguments: JsonObject
    scope: Scope
    key: bytes
    now: datetime

    def token(self, losses: Losses) -> str:
        """Return a new token for this call, good for just these losses."""
        expires = int((self.now + LIFETIME).timestamp())
        head = expires.to_bytes(_TIME_BYTES, "big") + token_bytes(_NONCE_BYTES)
        return base64.urlsafe_b64encode(head + self.tag(head, losses)).decode().rstrip("=")

    def tag(self, head: bytes, losses: Losses) -> bytes:
        """Return the signature of what a token is bound to."""
        who = [self.scope.role, self.scope.organisation, self.scope.user, self.scope.collection]
        text = json.dumps([self.tool, self.arguments, who, losses.digest], sort_keys=True, ensure_ascii=False)
        body = head + hashlib.sha256(text.encode(errors="surrogatepass")).digest()
        return hmac.new(self.key, body, hashlib.sha256).digest()[:_TAG_BYTES]


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmed:
    """A call with a token that came back. It implements the engine's Consent."""

    call: Call
    token: str

    @property
    def name(self) -> str:
        """The name under which its use is remembered."""
        return f"confirm_token:{hashlib.sha256(self._raw).hexdigest()}"

    def check(self, losses: Losses) -> None:
        """Refuse a token that is too old, or not for this call, caller and state.

        Raises:
            InvalidInput: and what to do.
        """
        head, tag = self._raw[:_HEAD], self._raw[_HEAD:]
        step = "Repeat the call without confirm_token, show what it takes away, and pass the new token back."
        if not hmac.compare_digest(tag, self.call.tag(head, losses)):
            said = "This confirm_token is for other arguments, another caller, or what has changed since."
            raise InvalidInput(said, next_step=step, field="confirm_token")
        if int.from_bytes(head[:_TIME_BYTES], "big") < self.call.now.timestamp():
            raise InvalidInput("This confirm_token has expired.", next_step=step, field="confirm_token")

    @property
    def _raw(self) -> bytes:
        try:
            return base64.urlsafe_b64decode(self.token + "=" * (-len(self.token) % 4))
        except ValueError:
            return b""
