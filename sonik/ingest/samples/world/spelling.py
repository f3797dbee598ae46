"""How names go wrong: the same words in another dress, and words that are no longer the same."""

import re
import unicodedata
from random import Random

PROMO = (" (EN VIVO)", " | Sold Out", " - entradas agotadas", " EN CONCIERTO", " - entrada libre", " | show")


def bare(text: str) -> str:
    """Return the text without its accents."""
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(char for char in apart if not unicodedata.combining(char)))


def words_of(text: str) -> str:
    """Return the words of a text however it is dressed: two spellings that share them are told apart by nobody."""
    return " ".join(re.findall(r"\w+", bare(text).casefold()))


def shown(name: str) -> str:
    """Return a name as it is to be shown, whatever dress it came in: single spaces, whole letters."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def dressed(name: str, roll: Random) -> str:
    """Return a name in another dress: louder, without accents, with stray spaces."""
    dress = roll.choice(("as it is", "as it is", "bare", "loud", "spaced", "decomposed"))
    if dress == "bare":
        return bare(name)
    if dress == "loud":
        return name.upper()
    if dress == "spaced":
        return "  ".join(name.split(" ")) + " "
    return unicodedata.normalize("NFD", name) if dress == "decomposed" else name


def mistyped(name: str, roll: Random) -> str:
    """Return a name with a slip in its longest word: two letters turned round, or one left out; a short one doubles."""
    longest = max(re.findall(r"[^\W\d_]+", name), key=len)
    if len(longest) < 4:
        return name.replace(longest, longest + longest[-1], 1)
    spot = roll.randint(1, len(longest) - 2)
    left, first, second, right = longest[:spot], longest[spot], longest[spot + 1], longest[spot + 2 :]
    slip = left + second + first + right if first != second and roll.random() < 0.5 else left + second + right
    return name.replace(longest, slip, 1)


def promoted(name: str, roll: Random) -> str:
    """Return an event's name as a promoter shouts it; what is added tells no two events apart."""
    return dressed(name, roll) + (roll.choice(PROMO) if roll.random() < 0.35 else "")


def marked_up(text: str, roll: Random) -> str:
    """Return a text as it comes off a page: in tags, with entities."""
    escaped = text.replace("&", "&amp;").replace("«", "&laquo;").replace("»", "&raquo;").replace("ñ", "&ntilde;")
    return roll.choice(("<b>{}</b>", "<span class='t'>{}</span>", "{}", "{}<br/>", "&nbsp;{}")).format(escaped)


def tracked(url: str, roll: Random) -> str:
    """Return an address with what trackers hang on to it."""
    hung = roll.choice(("", "?utm_source=ig&utm_medium=bio", "?fbclid=IwAR0ejemplo", "?gclid=x1&utm_campaign=finde"))
    return url + hung
