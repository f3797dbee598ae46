"""Passwords: made up, refused where they are weak, and kept as scrypt hashes that are costly to try."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from sonik.access.person import name_key
from sonik.errors import InvalidInput, OutOfTime

# NIST SP 800-63B-4, 3.1.1: 15 characters where nothing else is asked for, no rule of composition, and long ones taken.
LEAST_LENGTH = 15
MOST_LENGTH = 256
LEAST_DIFFERENT = 5
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP_LENGTH = 5, 5
SALT_BYTES = 16
AT_ONCE = 2
MOST_WAITING = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one hash takes: 128 * 2^log_n * r bytes of memory, p times over."""

    log_n: int
    r: int
    p: int


# One of the settings that OWASP's password storage cheat sheet gives as equal (2026): 32 MiB, about 0.3 s.
COST = Cost(log_n=15, r=8, p=3)


class Passwords:
    """Hashes and checks passwords in threads of its own: two at once, and no more waiting than are served in time."""

    def __init__(self, *, cost: Cost = COST, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._cost = cost
        self._threads = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="passwords")
        self._most = at_once + most_waiting
        self._running = 0
        # What is compared with where there is no account, so that both take as long.
        self._nobodys = _written(cost, secrets.token_bytes(SALT_BYTES), bytes(32))

    async def hashed(self, password: str) -> str:
        """Return what is kept of a password."""
        return await self._run(password, _written(self._cost, secrets.token_bytes(SALT_BYTES), b""), "hash")

    async def holds(self, password: str, kept: str | None) -> bool:
        """Say whether a password is the one of which this is kept; None takes as long, and never is.

        Raises:
            OutOfTime: too many are being checked.
        """
        found = await self._run(password[:MOST_LENGTH], self._nobodys if kept is None else kept, "check")
        return found != "" and kept is not None and len(password) <= MOST_LENGTH

    def close(self) -> None:
        """End the threads when they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, password: str, kept: str, what: Literal["hash", "check"]) -> str:
        if self._running >= self._most:
            raise OutOfTime("Too many passwords are being checked.", next_step="Try again in a moment.")
        working = asyncio.get_running_loop().run_in_executor(self._threads, _worked, password, kept, what)
        self._running += 1
        # Counted until the thread is done, also for one who went away meanwhile.
        working.add_done_callback(self._done)
        return await asyncio.shield(working)

    def _done(self, working: "asyncio.Future[str]") -> None:
        self._running -= 1
        if not working.cancelled():
            working.exception()


def made_up() -> str:
    """Return a password from the system's randomness: 25 letters and digits that are hard to misread."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def check_password(password: str, *, name: str) -> None:
    """Refuse a password that is short, too long, the name again, or of few different characters.

    Raises:
        InvalidInput: it is one of these.
    """
    told = None
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        told = f"A password has {LEAST_LENGTH} to {MOST_LENGTH} characters."
    elif name_key(name) in name_key(password) and len(password) - len(name) < LEAST_LENGTH:
        told = "The password is little more than the name."
    elif len(set(password)) < LEAST_DIFFERENT:
        told = "The password is of too few different characters."
    if told is not None:
        raise InvalidInput(told, next_step="Choose a few words nobody would guess.", field="password")


def _worked(password: str, kept: str, what: Literal["hash", "check"]) -> str:
    """Return the hash of a password as it is kept; in a check, nothing where it is another one."""
    cost, salt, wanted = _read(kept)
    # The same key presses give other code points on other keyboards.
    secret = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    most = 2 * 128 * 2**cost.log_n * cost.r
    digest = hashlib.scrypt(secret, salt=salt, n=2**cost.log_n, r=cost.r, p=cost.p, maxmem=most, dklen=32)
    if what == "check" and not hmac.compare_digest(digest, wanted):
        return ""
    return _written(cost, salt, digest)


def _written(cost: Cost, salt: bytes, digest: bytes) -> str:
    """Return a hash as text, with all that is needed to check it when the cost is another one."""
    told = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$".join(("scrypt", str(cost.log_n), str(cost.r), str(cost.p), *told))


def _read(kept: str) -> tuple[Cost, bytes, bytes]:
    try:
        _, log_n, r, p, salt, digest = kept.split("$")
        cost = Cost(log_n=int(log_n), r=int(r), p=int(p))
        return cost, base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ValueError("what is kept of a password is damaged") from error
