"""Google place ids: read from what people paste, checked offline, and converted to and from Maps addresses.

A business id ("ChIJ…") is base64url of a 20-byte protobuf that holds two 64-bit words; Maps addresses carry the same
words in hexadecimal, and the second one in decimal as `cid`. Google does not document this, so it serves as a check.
"""

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, unquote

from sonik.errors import InvalidInput
from sonik.identity import refused, trimmed
from sonik.identity.domains import read_link

FIELD = "google_place_id"
BUSINESS_PREFIX = "ChIJ"
BUSINESS_LENGTH = 27
PLACE_PARAMETERS = ("place_id", "query_place_id", "placeid")
SHORT_LINK_HOSTS = frozenset({"g.co", "g.page", "goo.gl", "maps.app.goo.gl", "share.google"})

_LAYOUT = struct.Struct("<3sQsQ")
_HEAD, _MIDDLE = b"\x0a\x12\x09", b"\x11"
# First bytes of the other known ids, each followed by the length of what comes: a text address; a point or a line.
_ADDRESS_TAG, _OTHER_TAGS = 0x12, frozenset({0x1A, 0x22})
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_ID = re.compile(r"[A-Za-z0-9_-]{20,}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_PAIR = re.compile(r"0[xX]([0-9A-Fa-f]{1,16}):0[xX]([0-9A-Fa-f]{1,16})")
_PAIR_IN_LINK = re.compile(rf"(?:!1s|[?&]ftid=)({_PAIR.pattern})(?![0-9A-Fa-f])")
_ID_IN_LINK = re.compile(r"!(?:1|19)s(ChIJ[A-Za-z0-9_-]*)")
_MAPS_HOST = re.compile(r"(?:[a-z]+\.)?google(?:\.com?)?\.[a-z]{2,3}|maps\.googleapis\.com")
_PREFIX = re.compile(r"^(?:places/|place_id:)", re.IGNORECASE | re.ASCII)
_STEP = "Give the whole place id (ChIJ and 23 more characters) or the full address of the place in Google Maps."

Kind = Literal["business", "address", "other"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceId:
    """A place id, what it stands for, and a warning where that is not a business."""

    value: str
    kind: Kind
    warning: str = ""


def normalise(raw: str) -> PlaceId:
    """Return the place id that an id, a hex pair or a Google Maps address names.

    Raises:
        InvalidInput: it is truncated or mistyped, or the address names no place, half of one, or several.
    """
    text = trimmed(raw, field=FIELD)
    if "…" in text or text.endswith(".."):
        raise _refused(raw, "is truncated")
    text = _PREFIX.sub("", text)
    if _PAIR.fullmatch(text):
        return _judged(from_hex_pair(text), raw)
    return _judged(text if _WORD.fullmatch(text) else _in_link(text, raw), raw)


def from_hex_pair(pair: str) -> str:
    """Return the business id of a Maps address's "0x…:0x…".

    Raises:
        InvalidInput: it is no such pair, or one half is missing.
    """
    match = _PAIR.fullmatch(pair)
    if match is None:
        raise _refused(pair, "is not a pair of hexadecimal numbers")
    first, second = int(match[1], 16), int(match[2], 16)
    if not first or not second:
        raise _refused(pair, "holds half a place id")
    packed = _LAYOUT.pack(_HEAD, first, _MIDDLE, second)
    return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def to_hex_pair(place_id: str) -> str:
    """Return a business id as Maps addresses write it: "0x…:0x…".

    Raises:
        InvalidInput: it is not a business id.
    """
    first, second = _business_words(place_id)
    return f"{first:#x}:{second:#x}"


def cid(place_id: str) -> int:
    """Return the number that stands for a business id in `https://maps.google.com/?cid=`.

    Raises:
        InvalidInput: it is not a business id.
    """
    return _business_words(place_id)[1]


def _in_link(text: str, raw: str) -> str:
    link = read_link(text, raw=raw, field=FIELD)
    host = link.hostname or ""
    if host in SHORT_LINK_HOSTS:
        raise refused(raw, "is a short link", next_step="Open it and give the address it leads to.", field=FIELD)
    if not _MAPS_HOST.fullmatch(host):
        raise _refused(raw, "is neither a place id nor a Google Maps address")
    parameters = parse_qs(link.query)
    address = unquote(link.geturl())
    found = {from_hex_pair(match[1]) for match in _PAIR_IN_LINK.finditer(address)}
    found |= set(_ID_IN_LINK.findall(address))
    found |= {value for name in PLACE_PARAMETERS for value in parameters.get(name, ())}
    found |= {_PREFIX.sub("", value) for value in parameters.get("q", ()) if _PREFIX.match(value)}
    if len(found) == 1:
        return found.pop()
    if found:
        raise _refused(raw, "names several places")
    if "cid" in parameters:
        step = "Open it in Google Maps and give the full address that appears; a cid is half of a place id."
        raise refused(raw, "holds only a cid", next_step=step, field=FIELD)
    raise _refused(raw, "names no place id")


def _judged(value: str, raw: str) -> PlaceId:
    if value.startswith(BUSINESS_PREFIX):
        return _judged_business(value, raw)
    if not _ID.fullmatch(value):
        raise _refused(raw, "is too short for a place id, or not one")
    if value.isdigit() or _UUID.fullmatch(value):
        raise _refused(raw, "is an identifier of another system")
    tag, is_whole = _outer_field(value)
    if not is_whole:
        raise _refused(raw, "is truncated")
    kind: Kind = "address" if tag == _ADDRESS_TAG else "other"
    meaning = "an address" if kind == "address" else "something other than a business"
    return PlaceId(value=value, kind=kind, warning=f"this place id stands for {meaning}")


def _judged_business(value: str, raw: str) -> PlaceId:
    if len(value) < BUSINESS_LENGTH:
        raise _refused(raw, f"is truncated: a business id has {BUSINESS_LENGTH} characters")
    if not _ID.fullmatch(value) or (len(value) == BUSINESS_LENGTH and _words(value) is None):
        raise _refused(raw, "is mistyped: it does not decode as a place id")
    if len(value) > BUSINESS_LENGTH:
        return PlaceId(value=value, kind="other", warning="this place id is longer than a business id")
    return PlaceId(value=value, kind="business")


def _words(value: str) -> tuple[int, int] | None:
    """Return the two words of a business id of the right length, or None when it is not written as Google does."""
    head, first, middle, second = _LAYOUT.unpack(base64.urlsafe_b64decode(value + "="))
    if (head, middle) != (_HEAD, _MIDDLE) or not first or not second:
        return None
    return (first, second) if from_hex_pair(f"{first:#x}:{second:#x}") == value else None


def _business_words(place_id: str) -> tuple[int, int]:
    shaped = len(place_id) == BUSINESS_LENGTH and _ID.fullmatch(place_id)
    words = _words(place_id) if shaped else None
    if words is None:
        raise _refused(place_id, "is not a business id")
    return words


def _outer_field(value: str) -> tuple[int | None, bool]:
    """Return the first byte of an id where it is a known one, and whether all announced bytes are there."""
    try:
        data = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error:
        return None, True
    if data[0] != _ADDRESS_TAG and data[0] not in _OTHER_TAGS:
        return None, True
    # A length above 127 takes two bytes, low seven bits first.
    length = data[1] + 2 if data[1] < 0x80 else (data[1] & 0x7F) + (data[2] << 7) + 3
    return data[0], len(data) >= length


def _refused(raw: str, reason: str) -> InvalidInput:
    return refused(raw, reason, next_step=_STEP, field=FIELD)
