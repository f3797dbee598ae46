"""Pairs of near-duplicate questions over the sample market: alike but for one slot, or the same in other words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from sonik.retrieval.question import Question
from sonik.types import Near

# The slots of a language, with values that all mean something else; on a Saturday afternoon.
VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "es": {
        "when": ("esta noche", "mañana", "el jueves", "el viernes", "la próxima semana", "el 25 de noviembre"),
        "city": ("Medellín", "Bogotá", "Quito", "Lima"),
        "genre": ("salsa", "techno", "jazz", "rock"),
        "venue": ("La Trasnochada", "El Azulejo Jazz", "Sótano Turquesa", "Casa Níspero"),
        "artist": ("Nébula", "Cuarteto Niquía", "Irene Solaz", "Dulce Modular"),
        "price": ("por menos de 20 mil", "por menos de 50 mil", "gratis", "por menos de 20 dólares"),
        "kind": ("clubes", "artistas", "eventos"),
        "trait": ("terraza", "piscina", "parqueadero", "comida vegetariana"),
        "polarity": ("con reggaeton", "sin reggaeton"),
        "part": ("por la tarde", "por la noche", "de madrugada"),
        "adjective": ("tranquilo", "ruidoso", "elegante", "pequeño"),
    },
    "pt": {
        "when": ("hoje à noite", "amanhã", "na quinta", "na sexta"),
        "city": ("São Paulo", "Rio de Janeiro", "Medellín"),
        "genre": ("samba", "techno", "jazz"),
        "venue": ("La Trasnochada", "El Azulejo Jazz"),
        "trait": ("terraço", "piscina", "estacionamento"),
        "polarity": ("com reggaeton", "sem reggaeton"),
        "price": ("por menos de 20 mil", "por menos de 50 mil", "de graça"),
    },
    "en": {
        "when": ("tonight", "tomorrow", "on Thursday", "next week"),
        "city": ("Medellín", "Bogotá", "Quito"),
        "genre": ("salsa", "techno", "jazz"),
        "artist": ("Nébula", "Cuarteto Niquía", "Irene Solaz"),
        "venue": ("La Trasnochada", "Sótano Turquesa"),
        "trait": ("a terrace", "a pool", "parking"),
        "polarity": ("with reggaeton", "without reggaeton"),
        "price": ("under 20000", "under 50000", "for free"),
    },
}
PATTERNS: Mapping[str, tuple[str, ...]] = {
    "es": (
        "¿Qué hay {when} en {city}?", "{genre} {when} en {city}", "{genre} {price} {when}",
        "¿Quién toca {when} en {venue}?", "¿Dónde toca {artist}?", "¿Quién es {artist}?", "{kind} de {genre}",
        "un bar con {trait} en {city}", "conciertos {polarity} {when}", "algo para hacer mañana {part} en {city}",
        "un lugar {adjective} con {trait}",
    ),
    "pt": (
        "O que tem {when} em {city}?", "{genre} {when} em {city}", "quem toca {when} no {venue}",
        "um bar com {trait} em {city}", "shows {polarity} {when}", "{genre} {price}",
    ),
    "en": (
        "What's on {when} in {city}?", "{genre} {when} {price}", "who plays {when} at {venue}", "who is {artist}",
        "a bar with {trait} in {city}", "gigs {polarity} {when}",
    ),
}  # fmt: skip
# Each line asks the same thing in other words.
PARAPHRASES = (
    ("¿Qué hay esta noche en Medellín?", "que hay en medellin esta noche", "¿Qué eventos hay esta noche en Medellín?"),
    ("salsa esta noche", "¿Hay salsa esta noche?", "busco salsa para esta noche", "quiero bailar salsa esta noche"),
    ("techno el viernes por menos de 50 mil", "el viernes, techno por menos de 50 mil"),
    ("¿Quién toca el viernes en Sótano Turquesa?", "quién toca en Sótano Turquesa el viernes"),
    ("¿Dónde toca Nébula?", "donde toca nébula"),
    ("un lugar tranquilo con terraza", "sitio tranquilo con terrazas", "lugares tranquilos con una terraza"),
    ("un bar con piscina", "bares con piscina", "busco un bar con piscinas"),
    ("un restaurante bonito con vista", "restaurantes lindos con vista", "un restaurante hermoso con vistas"),
    ("O que tem hoje à noite em Medellín?", "o que tem em Medellín hoje à noite"),
    ("um lugar calmo com terraço", "lugares tranquilos com terraço"),
    ("What's on tonight in Medellín?", "what is on in medellin tonight", "tell me what's on tonight in Medellín"),
    ("a quiet place with a terrace", "quiet places with terraces", "I need a calm spot with a terrace"),
    ("who plays tonight at El Azulejo Jazz", "who is playing tonight at El Azulejo Jazz"),
)  # fmt: skip
ARGUMENTS: tuple[tuple[str, tuple[Mapping[str, object], ...]], ...] = (
    ("limit", ({"limit": 3}, {"limit": 8})),
    ("offset", ({"offset": 0}, {"offset": 3})),
    ("lens", ({"lens": "fan"}, {"lens": "artist"}, {})),
    ("kinds", ({"kinds": ("venue",)}, {"kinds": ("artist",)}, {"kinds": ("event",)})),
    ("market", ({"market": "bogota"}, {"market": "quito"}, {})),
    ("when", ({"when": "tomorrow"}, {"when": "next_week"}, {})),
    ("near", ({"near": Near(lat=6.2, lng=-75.6, km=1)}, {"near": Near(lat=6.2, lng=-75.6, km=2)}, {})),
)
ASKED_WITH = ("un bar con terraza", "salsa esta semana", "a quiet place with a terrace")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two questions, and the slot they differ in; none where they ask the same."""

    first: Question
    second: Question
    slot: str | None


def near_duplicates() -> list[Pair]:
    """Return every pair of questions that differ in one slot."""
    return [
        *(pair for language, patterns in PATTERNS.items() for text in patterns for pair in _varied(text, language)),
        *(
            Pair(first=_with(query, one), second=_with(query, other), slot=slot)
            for query in ASKED_WITH
            for slot, values in ARGUMENTS
            for one, other in combinations(values, 2)
        ),
    ]


def paraphrases() -> list[Pair]:
    """Return pairs of questions that ask the same in other words."""
    return [
        Pair(first=Question(query=one), second=Question(query=other), slot=None)
        for wordings in PARAPHRASES
        for one, other in pairwise(wordings)
    ]


def _varied(text: str, language: str) -> Iterator[Pair]:
    values = VALUES[language]
    slots = [slot for slot in values if f"{{{slot}}}" in text]
    for slot in slots:
        usual = {other: values[other][0] for other in slots}
        for one, other in combinations(values[slot], 2):
            first, second = (Question(query=text.format(**usual | {slot: value})) for value in (one, other))
            yield Pair(first=first, second=second, slot=slot)


def _with(query: str, arguments: Mapping[str, object]) -> Question:
    return replace(Question(query=query), **arguments)  # type: ignore[arg-type]


def names() -> Sequence[str]:
    """Return everybody the pairs name."""
    return sorted({name for values in VALUES.values() for slot in ("venue", "artist") for name in values.get(slot, ())})
