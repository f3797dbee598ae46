"""Access tokens checked by the keys an issuer publishes."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from server.callers import Bearer
from server.http.auth import AGAIN_SECONDS, KEYS_SECONDS, Issued
from sonik.errors import Misconfigured, StoreUnavailable
from sonik.settings import Settings
from sonik.types import Scope
from tests.fix_http import AUDIENCE, ISSUER, claims_of

pytestmark = pytest.mark.anyio


@dataclass
class Issuer:
    """An issuer on this machine that publishes what `keys` holds, and counts who asks."""

    keys: dict[str, RSAPrivateKey] = field(default_factory=dict)
    asked: int = 0
    url: str = ""

    def token(self, kid: str, **claims: object) -> str:
        """Return an access token signed with one of the keys, published or not."""
        key = self.keys.get(kid) or generate_private_key(65537, 2048)
        return jwt.encode(claims_of(**claims), key, "RS256", headers={"kid": kid})

    def published(self) -> bytes:
        """Return the key set."""
        self.asked += 1
        keys = [
            {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}
            for kid, key in self.keys.items()
        ]
        return json.dumps({"keys": keys}).encode()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    known = Issuer(keys={"first": generate_private_key(65537, 2048)})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(known.published())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    known.url = f"http://127.0.0.1:{server.server_port}/keys"
    yield known
    server.shutdown()
    serving.join()
    server.server_close()


class Ticking:
    """A clock that tests move."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def checking(url: str, clock: Ticking | None = None) -> Issued:
    """Return what checks tokens by the keys at a URL."""
    settings = Settings(oauth_issuer=ISSUER, oauth_audience=AUDIENCE, oauth_jwks_url=url)
    return Issued(settings, monotonic=clock or Ticking())


async def test_a_token_signed_with_a_published_key_speaks_for_its_bearer(issuer: Issuer) -> None:
    bearer = await checking(issuer.url).bearer(issuer.token("first", role="organizer", org="acme"))
    assert isinstance(bearer, Bearer)
    assert bearer.caller == Scope(role="organizer", organisation="acme", user="ana")
    assert bearer.scopes == ["sonik:reader"]


async def test_a_token_of_an_unpublished_key_speaks_for_nobody_and_asks_the_issuer_seldom(issuer: Issuer) -> None:
    clock = Ticking()
    checked = checking(issuer.url, clock)
    assert [await checked.bearer(issuer.token(f"forged {n}")) for n in range(5)] == [None] * 5
    assert issuer.asked == 1
    clock.now += AGAIN_SECONDS + 1
    assert await checked.bearer(issuer.token("forged")) is None
    assert issuer.asked == 2


async def test_a_new_key_is_known_soon_and_one_taken_back_no_longer(issuer: Issuer) -> None:
    clock = Ticking()
    checked = checking(issuer.url, clock)
    old = issuer.token("first")
    assert await checked.bearer(old)
    issuer.keys = {"second": generate_private_key(65537, 2048)}
    clock.now += AGAIN_SECONDS + 1
    assert await checked.bearer(issuer.token("second"))
    clock.now += KEYS_SECONDS + 1
    assert await checked.bearer(old) is None


async def test_a_shared_secret_made_of_a_public_key_opens_nothing(issuer: Issuer) -> None:
    parts = [{"alg": "HS256", "kid": "first"}, claims_of(role="staff")]
    signed = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    published = issuer.keys["first"].public_key()
    for key in (issuer.published(), published.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)):
        sign = urlsafe_b64encode(hmac.digest(key, signed, "sha256")).rstrip(b"=")
        confused = b".".join((signed, sign)).decode()
        assert await checking(issuer.url).bearer(confused) is None


async def test_without_the_issuers_keys_nobody_is_let_in_and_nobody_refused() -> None:
    with pytest.raises(StoreUnavailable, match="keys cannot be fetched"):
        await checking("http://127.0.0.1:1/keys").bearer(Issuer().token("first"))


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "e30.e30.e30", "." * 500])
async def test_what_is_no_token_is_refused(issuer: Issuer, text: str) -> None:
    assert await checking(issuer.url).bearer(text) is None


@pytest.mark.parametrize(
    "told",
    [
        {"oauth_jwks_url": "http://localhost/keys"},
        {"oauth_audience": AUDIENCE},
        {"oauth_audience": AUDIENCE, "oauth_jwks_url": "http://localhost/keys", "oauth_key": "k" * 32},
    ],
    ids=["no audience", "no keys", "both keys"],
)
def test_settings_that_do_not_fit_are_told_at_once(told: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as refused:
        Issued(Settings.model_validate({"oauth_issuer": ISSUER, **told}))
    assert "SONIK_" in refused.value.next_step
