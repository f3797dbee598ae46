"""What an agent makes of a person's words in three languages: what is wanted, in English, and the particulars named.

It knows the languages and nothing of Sonik: which tool answers is decided by what the tools say of themselves.
"""

import re
import unicodedata
from dataclasses import dataclass, field

# What people say, in Spanish, Portuguese and English, and what they want by it.
WANTS: tuple[tuple[str, str], ...] = (
    (r"\b(lista|liste|list|cuantos|quantos|how many)\b", "list what is on total"),
    (r"\b(mas barato|mais barato|cheapest)\b", "list what is on price"),
    (r"\b(quien(es)? ha(n)? tocado|quem ja tocou|who has played|todos los artistas que|all the artists who)\b",
     "walk pattern who plays artists venue"),
    (r"\b(cartel|line-?up|escalacao|quien(es)? toca(n)? en el evento|quem se apresenta no evento)\b",
     "walk pattern lineup"),
    (r"\b(en que lugares (de .* )?organiza|em que casas|where does .* put on|onde .* promove)\b",
     "walk pattern venues promoter"),
    (r"\b(que (funcionalidad|cambio|funcao|mudanca)|which (feature|change))\b", "walk pattern change touched impact"),
    (r"\b(que campana promueve|que campanha promove|which campaign promotes)\b", "walk pattern influence"),
    (r"\b(con que identificadores|sob quais identificadores|under which identifiers)\b", "show entity neighbours"),
    (r"\b(quien conoce|quem conhece|who knows)\b", "show entity neighbours relations; tie"),
    (r"\b(depende|dependen|dependem|depends?)\b", "show entity neighbours relations"),
    (r"\b(dueno|duena|dono|dona|owner|owns?)\b", "show entity neighbours relations; tie"),
    (r"\b(maneja|manager|manages|empresari[ao])\b", "show entity neighbours relations; tie"),
    (r"\b(trabaja|trabalha|works)\b", "show entity neighbours relations; tie"),
    (r"\b(que fuentes?|quais fontes|which sources?)\b", "show entity which source says what sources"),
    (r"\b(como se sabia|as (it was )?known|como constava|what was known)\b", "show entity now or as of then"),
    (r"\b(ya conoc|ja conhec|already know)", "candidates exact identifiers"),
    (r"\b(que estados|que status|quais (estados|status)|which statuses|what statuses)\b",
     "explain what is made of statuses status"),
    (r"\b(que mercados?|quais mercados|which markets?|what .* market)\b", "explain what is made of markets"),
    (r"\b(guarda|registra|cadastr[ae]|add|save|saving)\b", "write records receipt"),
    (r"\b(aprend\w+|anota\w*|nota\b|decidi\w+|decided|learned|noted)", "answer question memory"),
)  # fmt: skip
OTHERWISE = "answer question"
EVERYTHING = (
    r"\b(que hay|que tem|que rola|what s on|what is on|lista|liste|list|todos|todas|all|cuantos|quantos|how many|"
    r"lugares|casas|put on|who has played|quem ja tocou|quien ha tocado)\b"
)
DETAILS = r"\b(direccion|endereco|address|queda|fica|entradas|boletas|ingressos|tickets)\b"
CITIES = (
    (r"\bmedellin\b", "Medellín"), (r"\bquito\b", "Quito"), (r"\bbogota\b", "Bogotá"),
    (r"\b(ciudad de mexico|cidade do mexico|mexico city|cdmx)\b", "Ciudad de México"),
)  # fmt: skip
TIMES = (
    r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d|\d{4}-\d\d-\d\d|esta noche|este finde|este fin de semana|tonight|this weekend|"
    r"tomorrow|hoje a noite|hoje|amanha|neste fim de semana|la proxima semana|next week|na proxima semana"
)
POINT = r"(-?\d+\.\d+), ?(-?\d+\.\d+)"
CIRCLE = re.compile(rf"(\d+(?:\.\d+)?) km[^\d-]*{POINT}")
KINDS = ((r"\bcamp(ana|anha|aign)s?\b", "campaign"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What was understood: the want in English words, and what was named."""

    text: str
    want: tuple[str, ...]
    tie: bool = False
    names: tuple[str, ...] = ()
    city: str | None = None
    when: str | None = None
    moment: str | None = None
    near: dict[str, float] | None = None
    price_max: float | None = None
    whole: bool = False
    detailed: bool = False
    kind: str | None = None
    rehearsal: bool = False
    handles: tuple[str, ...] = field(default=())


def read(text: str) -> Reading:
    """Read what a person wrote."""
    plain = _plain(text)
    bare = re.sub(r"«[^»]*»", " ", plain)
    want = next((gloss for pattern, gloss in WANTS if re.search(pattern, bare)), OTHERWISE)
    gloss, _, tie = want.partition("; ")
    known = "as of then" in gloss
    when = re.search(TIMES, bare)
    return Reading(
        text=text, want=tuple(words(gloss)), tie=bool(tie), names=tuple(re.findall(r"«([^»]*)»", text)),
        city=next((name for pattern, name in CITIES if re.search(pattern, bare)), None),
        when=when.group() if when and not known else None,
        moment=f"{when.group()}T12:00:00-05:00" if when and known else None,
        near=_near(plain), price_max=_price(bare), whole=bool(re.search(EVERYTHING, bare)),
        detailed=known or bool(re.search(DETAILS, bare)),
        kind=next((kind for pattern, kind in KINDS if re.search(pattern, bare)), None),
        rehearsal=bool(re.search(r"\b(ensaya|ensaie|rehearse)\b", bare)), handles=tuple(re.findall(r"@[\w.]+\w", text)),
    )  # fmt: skip


def words(text: str) -> list[str]:
    """Return the words of a text as they are compared: plain, lower, in the singular."""
    return [word.rstrip("s") if len(word) > 3 else word for word in re.findall(r"[a-z]+", _plain(text))]


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in letters if not unicodedata.combining(char)).replace("'", " ").replace("’", " ")


def _near(plain: str) -> dict[str, float] | None:
    found = CIRCLE.search(plain)
    return {"km": float(found[1]), "lat": float(found[2]), "lng": float(found[3])} if found else None


def _price(plain: str) -> float | None:
    found = re.search(r"(?:menos de|hasta|ate|under|below|at most) (?:\$|usd |mxn |cop )?(\d+)", plain)
    return float(found[1]) if found else None
