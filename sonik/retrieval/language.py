"""Which of the three languages a question is written in, from its function words, letters and time words."""

import unicodedata
from collections.abc import Iterable, Mapping

from sonik.retrieval.wording import FUNCTION_WORDS, Word, listed
from sonik.types import Language

# Content words that tell the languages apart in questions too short for function words.
TELLING: Mapping[Language, frozenset[str]] = {
    "es": listed("""
        agosto ahora anoche ayer bares boletas boliche boliches busco carrete cerca conciertos diciembre
        discoteca discotecas domingos enero entrada entradas eventos febrero fiesta fiestas fin finde
        hola hoy jueves julio junio libre lugares lunes manana martes marzo mayo menos mes miercoles noche
        octubre organiza parche pasado planes proxima proximo puente rumba semana septiembre sitios tarde toca
        tocan tocando tocar viene viernes
        """),
    "pt": listed("""
        agora agosto amanha balada baladas bares dezembro domingos entrada eventos feira feriadao festa festas fevereiro
        fds fim graca gratuita hoje ingresso ingressos janeiro julho junho lugares maio manha menos mes noite noites
        ontem outubro perto programacao proxima proximo quarta role rola rolando rolar semana setembro sexta sextas
        tarde terca toca tocando tocar vem
        """),
    "en": listed("""
        after april august bars before best cheap clubs concerts december events february free friday gigs january
        july june list monday month music near next night november october parties party playing plays saturday
        september sunday tickets thursday today tomorrow tonight tuesday under wednesday week weekend
        """),
}
LETTERS: Mapping[Language, frozenset[str]] = {"es": frozenset("ñ¿¡"), "pt": frozenset("ãõçêôâà"), "en": frozenset()}
PORTUGUESE_COUNTRIES = frozenset({"BR", "PT", "AO", "MZ"})
ENGLISH_COUNTRIES = frozenset({"US", "GB", "CA", "IE", "AU", "NZ", "JM", "BZ", "TT"})


def language_of(text: str, words: Iterable[Word], *, fallback: Language) -> Language:
    """Return the language with the most evidence, or `fallback` where nothing decides."""
    letters = set(unicodedata.normalize("NFC", text.lower()))
    scores = {language: len(letters & LETTERS[language]) for language in LETTERS}
    # "&" is folded to a Spanish "y", and is no Spanish.
    for text in (word.text for word in words if word.raw != "&"):
        for language in scores:
            scores[language] += text in FUNCTION_WORDS[language] or text in TELLING[language]
    best = max(scores.values())
    leaders = [language for language, score in scores.items() if score == best]
    return fallback if fallback in leaders else leaders[0]


def language_of_country(country: str) -> Language:
    """Return the language a market's questions are read in when the words do not tell."""
    code = country.upper()
    if code in PORTUGUESE_COUNTRIES:
        return "pt"
    return "en" if code in ENGLISH_COUNTRIES else "es"
