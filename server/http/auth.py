"""Tokens over HTTP: API keys of ours, and access tokens (JWT) of an OAuth issuer, checked by its keys."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import jwt
from jwt.exceptions import PyJWKClientConnectionError
from pydantic import ValidationError

from server.callers import Bearer
from server.opening import Opening
from sonik.access.token import MARK
from sonik.errors import Misconfigured, StoreUnavailable
from sonik.settings import Settings
from sonik.types import ROLES, Role, Scope
from tools.catalog import scopes_of

logger = logging.getLogger(__name__)

PREFIX = "sonik:"
LONGEST_TOKEN = 8_192
LEEWAY_SECONDS = 5
ASYMMETRIC = ("RS256", "ES256", "EdDSA")
# The issuer is asked again for keys this old, and sooner for an unknown one, but no stranger makes us ask more often.
KEYS_SECONDS = 300
AGAIN_SECONDS = 30
FETCH_SECONDS = 5


class Tokens:
    """Says whose a token is. It implements the SDK's TokenVerifier."""

    def __init__(self, opening: Opening) -> None:
        """Check against the keys of the engine being opened, and the issuer its settings name.

        Raises:
            Misconfigured: the settings of the issuer do not fit together.
        """
        self._opening = opening
        self._issued = Issued(opening.settings) if opening.settings.oauth_issuer else None

    async def verify_token(self, token: str) -> Bearer | None:
        """Return the bearer of a token; None for one that is malformed, unknown, revoked, expired or not for us.

        Raises:
            StoreUnavailable: the keys cannot be looked up now.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            return None
        if token.startswith(MARK):
            return await self._of_key(token)
        return await self._issued.bearer(token) if self._issued else None

    async def _of_key(self, token: str) -> Bearer | None:
        engine = await self._opening.engine()
        key = await engine.keys.check(token)
        if key is None:
            return None
        return Bearer(
            token=token, client_id=f"key:{key.prefix}", subject=key.scope.user, scopes=_scopes(key.scope.role),
            caller=key.scope,
        )  # fmt: skip


class Issued:
    """Access tokens of one issuer: signature, issuer, audience and times, then role, organisation and user."""

    def __init__(self, settings: Settings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the issuer from the settings.

        Raises:
            Misconfigured: they do not fit together.
        """
        self._issuer = settings.oauth_issuer
        self._audience = settings.oauth_audience or settings.public_url
        self._collection = settings.collection
        if self._audience is None:
            step = "Set SONIK_OAUTH_AUDIENCE, or SONIK_PUBLIC_URL."
            raise Misconfigured("Tokens of an issuer need an audience.", next_step=step)
        if (settings.oauth_key is None) == (settings.oauth_jwks_url is None):
            step = "Set SONIK_OAUTH_JWKS_URL or SONIK_OAUTH_KEY, not both."
            raise Misconfigured(
                "Tokens of an issuer are checked by its public keys or by one shared key.", next_step=step
            )
        self._shared = settings.oauth_key.get_secret_value() if settings.oauth_key else None
        self._keys = _PublicKeys(settings.oauth_jwks_url, monotonic=monotonic) if settings.oauth_jwks_url else None

    async def bearer(self, token: str) -> Bearer | None:
        """Return the bearer of an access token, None where it does not hold."""
        try:
            claims = await self._claims(token)
            return self._read(token, claims)
        except (jwt.PyJWTError, ValidationError) as error:
            logger.info("a token was refused", extra={"reason": type(error).__name__})
            return None

    async def _claims(self, token: str) -> Mapping[str, Any]:
        key: Any = self._shared
        if self._keys is not None:
            key = await self._keys.of(token)
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["HS256"] if self._shared else list(ASYMMETRIC), audience=self._audience,
            issuer=self._issuer, leeway=LEEWAY_SECONDS, options={"require": ["exp", "sub", "iss", "aud"]},
        )  # fmt: skip
        return claims

    def _read(self, token: str, claims: Mapping[str, Any]) -> Bearer | None:
        role = claims.get("role", "reader")
        org = claims.get("org")
        if role not in ROLES or not (org is None or (isinstance(org, str) and org)):
            logger.info("a token was refused", extra={"reason": "role or org"})
            return None
        caller = Scope(role=role, organisation=org, user=str(claims["sub"]), collection=self._collection)
        named = [scope for scope in str(claims.get("scope", "")).split() if scope.startswith(PREFIX)]
        return Bearer(
            token=token, client_id=str(claims.get("client_id") or claims["sub"]), subject=caller.user,
            scopes=_scopes(role, among=named), expires_at=int(claims["exp"]) + LEEWAY_SECONDS,
            resource=self._audience, claims={"iss": self._issuer}, caller=caller,
        )  # fmt: skip


class _PublicKeys:
    """The keys an issuer publishes, asked for in a thread and seldom."""

    def __init__(self, url: str, *, monotonic: Callable[[], float]) -> None:
        self._client = jwt.PyJWKClient(url, cache_keys=False, cache_jwk_set=False, timeout=FETCH_SECONDS)
        self._monotonic = monotonic
        self._asking = asyncio.Lock()
        self._keys: dict[str, Any] = {}
        self._asked = float("-inf")

    async def of(self, token: str) -> Any:
        """Return the key a token says it is signed with.

        Raises:
            PyJWTError: there is none.
            StoreUnavailable: the issuer does not answer, and its keys are not known.
        """
        kid = str(jwt.get_unverified_header(token).get("kid", ""))
        async with self._asking:
            age = self._monotonic() - self._asked
            if age > (KEYS_SECONDS if kid in self._keys else AGAIN_SECONDS):
                await self._fetch()
        if kid not in self._keys:
            raise jwt.InvalidKeyError("unknown key")
        return self._keys[kid]

    async def _fetch(self) -> None:
        self._asked = self._monotonic()
        try:
            found = await asyncio.to_thread(self._client.get_signing_keys, refresh=True)
        except PyJWKClientConnectionError as error:
            logger.warning("the issuer's keys cannot be fetched", extra={"reason": str(error)[:200]})
            if not self._keys:
                raise StoreUnavailable(
                    "The issuer's keys cannot be fetched.", next_step="Check SONIK_OAUTH_JWKS_URL."
                ) from error
            return
        self._keys = {str(key.key_id): key.key for key in found}


def _scopes(role: Role, *, among: Collection[str] = ()) -> list[str]:
    """Return what a role is good for; of that, only what the token names, if it names anything of ours."""
    held = [f"{PREFIX}{scope}" for scope in scopes_of(role)]
    return [scope for scope in held if scope in among] if among else held
