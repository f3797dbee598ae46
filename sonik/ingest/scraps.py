"""What comes off a web page with a text: markup, entities, and the parameters of trackers in an address."""

import html
import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^<>]*>", re.IGNORECASE)
# A tag begins with a letter, so that "3 < 4" stays.
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_TRACKERS = frozenset("fbclid gclid dclid msclkid igshid igsh mc_cid mc_eid ref_src yclid _ga".split())


def visible_text(text: str) -> str:
    """Return what a reader of the page would see: no tags, entities as their characters, a line for each block."""
    if "<" not in text and "&" not in text:
        return text
    shown = _TAG.sub("", _BLOCK.sub("\n", _HIDDEN.sub("", text)))
    return html.unescape(shown).replace("\xa0", " ").strip()


def untracked(address: str) -> str:
    """Return an address without the parameters that trackers hang on to it; others stay in their order."""
    try:
        link = urlsplit(address)
    except ValueError:
        return address
    if not link.query:
        return address
    told = parse_qsl(link.query, keep_blank_values=True)
    kept = [(name, value) for name, value in told if not _is_tracker(name.lower())]
    return address if len(kept) == len(told) else urlunsplit(link._replace(query=urlencode(kept)))


def _is_tracker(name: str) -> bool:
    return name in _TRACKERS or name.startswith("utm_")
