"""Instagram handles, from every form they are passed around in; the bare handle in lower case is the key."""

import re
from urllib.parse import SplitResult, parse_qs, unquote

from sonik.errors import InvalidInput
from sonik.identity import refused, trimmed
from sonik.identity.domains import read_link
from sonik.identity.names import strip_invisible

FIELD = "instagram"
HOSTS = frozenset({"instagram.com", "www.instagram.com", "m.instagram.com", "instagr.am", "www.instagr.am"})
THREADS_HOSTS = frozenset({"threads.net", "www.threads.net", "threads.com", "www.threads.com"})
# Pages of a post or of a shared link: who made it does not stand in the address.
POST_PATHS = frozenset({"p", "reel", "reels", "tv", "share", "s"})
# First segments that are Instagram's own pages, so nobody's handle.
_OWN_PAGES = """
    about accounts ads ajax api archive ar blog business challenge channel create creators data developer developer_api
    direct directory download emails explore fragment graphql guides help igtv instagram invites legal lite live
    locations login logging logout nametag nux oauth oembed popular press privacy push qr query safety security session
    settings signup static stories support tags terms topics typeahead ufac web
"""
RESERVED = POST_PATHS | frozenset(_OWN_PAGES.split())
# What sources write into the field when there is no handle.
PLACEHOLDERS = frozenset({"na", "nan", "ninguna", "ninguno", "none", "null", "tbd", "undefined", "username"})
# What may follow a handle in the address of its profile.
_PROFILE_PAGES = """
    channel feed followers following guides highlights igtv live media p photos post reel reels replies reposts saved
    tagged tv
"""
PROFILE_PAGES = frozenset(_PROFILE_PAGES.split())
_HANDLE = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9._]{1,30}(?<!\.)")
# A handle may hold dots, but an address in this field is a mistake, and so is one that looks like Instagram's own.
_ADDRESS = re.compile(r"www\.|.*instagram\.com|(?:.*\.)?(?:instagr\.am|ig\.me|threads\.net|threads\.com)$")
_LABEL = re.compile(r"^(?:ig|insta|instagram)(?:\s*[:=|–—-](?!//)\s*|\s+(?=@))", re.IGNORECASE | re.ASCII)
_STEP = "Give the profile's handle, such as @salonamador, or the profile's address."


def normalise(raw: str) -> str:
    """Return the handle that a handle, a profile's address, an app link or a Threads profile names.

    A value without slashes is read as a handle, even when it looks like a domain: "club.cl" is a possible handle.

    Raises:
        InvalidInput: it names a post, one of Instagram's own pages, another site, or no possible handle.
    """
    text = _LABEL.sub("", strip_invisible(unquote(trimmed(raw, field=FIELD))).strip())
    if len(text.split()) != 1:
        raise _refused(raw, "is not one handle")
    handle = _written(_link(text, raw), raw).removeprefix("@")
    if not _HANDLE.fullmatch(handle):
        raise _refused(raw, "holds no possible handle (1-30 of a-z, 0-9, _ and single inner dots)")
    handle = handle.lower()
    if handle in RESERVED:
        raise _refused(raw, "is one of Instagram's own pages, not a profile")
    if handle in PLACEHOLDERS or _ADDRESS.match(handle):
        raise _refused(raw, "is not a handle")
    return handle


def url(handle: str) -> str:
    """Return the address of a handle's profile."""
    return f"https://www.instagram.com/{handle}/"


def _link(text: str, raw: str) -> SplitResult:
    is_path = text.startswith(("@", "/")) and not text.startswith("//")
    if is_path or "/" not in text.removesuffix("/"):
        text = f"https://www.instagram.com/{text.removeprefix('/')}"
    return read_link(text, raw=raw, field=FIELD)


def _written(link: SplitResult, raw: str) -> str:
    """Return the handle as a link writes it."""
    host = (link.hostname or "").removesuffix(".")
    path = [segment for segment in link.path.split("/") if segment]
    if link.scheme in {"instagram", "intent"} and host == "user":
        return parse_qs(link.query).get("username", [""])[0]
    if link.scheme not in {"http", "https", "intent"}:
        raise _refused(raw, "has a scheme that leads to no profile")
    if host in HOSTS:
        return _profile(path, raw)
    if host == "ig.me" and path[:1] == ["m"] and len(path) == 2:
        return path[1]
    if host in THREADS_HOSTS and path and path[0].startswith("@"):
        return _profile(path, raw)
    raise _refused(raw, "is not the address of an Instagram profile")


def _profile(path: list[str], raw: str) -> str:
    first = path[0].lower() if path else ""
    if first in POST_PATHS:
        raise _refused(raw, "is a post or a shared link, which names no profile")
    if first in {"_u", "stories"} and len(path) > 1:
        if path[1].lower() == "highlights":
            raise _refused(raw, "is a highlight, which names no profile")
        return path[1]
    if not first:
        raise _refused(raw, "names no profile")
    if len(path) > 1 and first not in RESERVED and path[1].lower() not in PROFILE_PAGES:
        raise _refused(raw, "is an unknown kind of Instagram page")
    return path[0]


def _refused(raw: str, reason: str) -> InvalidInput:
    return refused(raw, reason, next_step=_STEP, field=FIELD)
