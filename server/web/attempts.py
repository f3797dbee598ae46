"""Attempts to sign in: so many by one name from one address, by one name at all, and from one address at all."""

from starlette.requests import Request

from server.http.guesses import address_of
from sonik.access.person import name_key
from sonik.settings import Settings
from sonik.stores.buckets import Limit, LocalBuckets, bucket_key
from sonik.stores.shared_buckets import SharedBuckets

# An office shares one address, and nobody is to be shut out by one stranger who tries their name.
WIDER = 4
LONGEST_NAME = 200


class Attempts:
    """Counts attempts, the good ones too, before any password is looked at; all servers count together."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.signin_attempts_per_minute
        self._local = LocalBuckets()

    async def wait_seconds(self, request: Request, name: str, *, buckets: SharedBuckets) -> int:
        """Count an attempt; return in how many seconds it may be made, 0 where it may be made now."""
        limits = self._limits(address_of(request.scope), name_key(name[:LONGEST_NAME]))
        # While Redis does not answer, each process counts for itself.
        taken = await buckets.take(limits) or self._local.take(limits)
        return 0 if taken.granted else max(1, *(level.next_in for level in taken.levels))

    def _limits(self, address: str, name: str) -> tuple[Limit, ...]:
        wide, narrow = self._most * WIDER, self._most
        return (
            Limit(key=bucket_key("sign-in", name, address), rate=narrow, burst=narrow),
            Limit(key=bucket_key("sign-in name", name), rate=wide, burst=wide),
            Limit(key=bucket_key("sign-in address", address), rate=wide, burst=wide),
        )
