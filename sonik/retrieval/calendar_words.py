"""The time words of Spanish, Portuguese and English, as tables of folded phrases."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

from sonik.retrieval.wording import Phrases, listed

HOUR = 60
Unit = int | Literal["weekend", "bridge", "week", "month", "year"]  # a number is a weekday, Monday is 0
Modifier = Literal["this", "coming", "next", "last"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of a service day, in minutes after its calendar midnight (24:00 and later is the small hours).

    `before_sunrise`: these words mean the early morning before that day's sunrise, not the one after its night.
    """

    start: int
    end: int
    before_sunrise: bool = False
    from_now: bool = False


MORNING = Part(start=6 * HOUR, end=12 * HOUR)
NOON = Part(start=11 * HOUR, end=15 * HOUR)
AFTERNOON = Part(start=12 * HOUR, end=19 * HOUR)
NIGHT = Part(start=17 * HOUR, end=30 * HOUR)
AFTER_MIDNIGHT = Part(start=24 * HOUR, end=30 * HOUR)
SMALL_HOURS = Part(start=24 * HOUR, end=30 * HOUR, before_sunrise=True)
NOW = Part(start=6 * HOUR, end=30 * HOUR, from_now=True)

WEEKDAYS: Mapping[str, int] = {
    **dict.fromkeys(listed("lunes segunda-feira segundas-feiras monday mondays"), 0),
    **dict.fromkeys(listed("martes terca-feira tercas-feiras tuesday tuesdays tue tues"), 1),
    **dict.fromkeys(listed("miercoles quarta-feira quartas-feiras wednesday wednesdays wed"), 2),
    **dict.fromkeys(listed("jueves quinta-feira quintas-feiras thursday thursdays thu thurs jue"), 3),
    **dict.fromkeys(listed("viernes sexta-feira sextas-feiras friday fridays fri vie"), 4),
    **dict.fromkeys(listed("sabado sabados saturday saturdays sab"), 5),
    **dict.fromkeys(listed("domingo domingos sunday sundays"), 6),
}
# Ordinals in Spanish and names of places; days of the week only in a Portuguese sentence.
ORDINAL_WEEKDAYS: Mapping[str, int] = {
    "segunda": 0, "terca": 1, "quarta": 2, "quinta": 3, "sexta": 4,
    "segundas": 0, "tercas": 1, "quartas": 2, "quintas": 3, "sextas": 4,
}  # fmt: skip
# Also a star, a verb, a title and a singer: "Mon Laferte".
SHORT_WEEKDAYS: Mapping[str, int] = {"mon": 0, "lun": 0, "mie": 2, "sat": 5, "sun": 6, "dom": 6}
# "Segunda edición", "Quinta Avenida", "Santo Domingo": after or before these it is no day.
NOT_A_DAY_BEFORE = listed("edicao edicion temporada parte avenida vez fase rodada feria chance")
NOT_A_DAY_AFTER = listed("santo sto san placido")

UNITS: Phrases[Unit] = Phrases(
    {
        **WEEKDAYS,
        **dict.fromkeys(["finde", "findes", "fin de semana", "fines de semana", "fds"], "weekend"),
        **dict.fromkeys(["fim de semana", "final de semana", "weekend", "weekends", "week end"], "weekend"),
        **dict.fromkeys(["finde largo", "fin de semana largo", "fin de semana festivo", "puente festivo"], "bridge"),
        **dict.fromkeys(["feriadao", "feriado prolongado", "fim de semana prolongado", "puente"], "bridge"),
        **dict.fromkeys(["long weekend", "bank holiday weekend", "feriado largo"], "bridge"),
        **dict.fromkeys(["semana", "week"], "week"),
        **dict.fromkeys(["mes", "month"], "month"),
        **dict.fromkeys(["ano", "year"], "year"),
    }
)
# Bare, these are part of other phrases or of names ("entre semana", "Bar El Puente").
NEEDS_MODIFIER = listed("semana week mes month ano year puente")
BEFORE_UNIT: Phrases[Modifier] = Phrases(
    {
        **dict.fromkeys(
            listed("este esta ese esa this esse essa neste nesta nesse nessa deste desta desse dessa"), "this"
        ),
        **dict.fromkeys(
            ["proximo", "proxima", "coming", "this coming", "upcoming", "siguiente", "otro", "otra"], "coming"
        ),
        **dict.fromkeys(["este proximo", "esta proxima", "neste proximo", "nesta proxima"], "coming"),
        **dict.fromkeys(["next", "this next"], "next"),
        **dict.fromkeys(["last", "pasado", "pasada", "passado", "passada"], "last"),
    }
)
AFTER_UNIT: Phrases[Modifier] = Phrases(
    {
        **dict.fromkeys(["que viene", "que entra", "entrante", "siguiente", "proximo", "proxima"], "coming"),
        **dict.fromkeys(["que vem", "seguinte"], "coming"),
        **dict.fromkeys(["pasado", "pasada", "passado", "passada", "que paso", "que passou"], "last"),
    }
)
PLACED_BEFORE_BRIDGE = listed("en para del no pro neste")

RELATIVE: Phrases[int] = Phrases(
    {
        **dict.fromkeys(["hoy", "hoy dia", "hoje", "today", "dia de hoy", "dia de hoje"], 0),
        **dict.fromkeys(["manana", "amanha", "tomorrow", "tmrw", "tomorow", "tommorow", "dia de manana"], 1),
        **dict.fromkeys(["pasado manana", "pasadomanana", "depois de amanha", "day after tomorrow"], 2),
        **dict.fromkeys(["ayer", "ontem", "yesterday"], -1),
        **dict.fromkeys(["antier", "anteayer", "antes de ayer", "anteontem", "day before yesterday"], -2),
    }
)

PART_NOUNS: Mapping[str, Part] = {
    **dict.fromkeys(listed("noche noite night evening"), NIGHT),
    **dict.fromkeys(listed("tarde afternoon"), AFTERNOON),
    **dict.fromkeys(listed("manana manha morning temprano"), MORNING),
    "madrugada": SMALL_HOURS,
    "mediodia": NOON,
    "late night": AFTER_MIDNIGHT,
}
THIS = listed("este esta essa esse nesta nessa this")
# A day and its part in one phrase: days from today, and the part.
DAY_PARTS: Phrases[tuple[int, Part]] = Phrases(
    {
        **{f"{this} {noun}": (0, part) for this, (noun, part) in product(THIS, PART_NOUNS.items())},
        **dict.fromkeys(["tonight", "tonite", "2nite", "toni8", "hoje a noite", "today night"], (0, NIGHT)),
        **dict.fromkeys(["anoche", "last night", "ayer noche"], (-1, NIGHT)),
        **dict.fromkeys(["now", "right now", "ahora", "ahora mismo", "ahorita", "agora", "agora mesmo"], (0, NOW)),
        **dict.fromkeys(["mas tarde", "mais tarde", "later", "later today", "en este momento"], (0, NOW)),
    }
)
# With a preposition they may stand anywhere beside a day: "el sábado, ¿qué hay por la noche?"
LED_PARTS: Phrases[Part] = Phrases(
    {
        **{
            f"{lead} {noun}": PART_NOUNS[noun]
            for lead, noun in product(
                ["por la", "en la", "a la", "de la", "a", "na", "pela", "da", "in the", "at", "during the"],
                PART_NOUNS,
            )
            if (lead, noun) not in {("a", "manana"), ("a", "temprano")}
        },
        **{f"de {noun}": PART_NOUNS[noun] for noun in ("noche", "noite", "tarde", "manha", "madrugada")},
        **dict.fromkeys(["al mediodia", "a mediodia", "ao meio dia", "al medio dia"], NOON),
        **dict.fromkeys(["late at night", "after dark"], NIGHT),
        **dict.fromkeys(["manana del", "manha do"], MORNING),
    }
)
BARE_PARTS: Phrases[Part] = Phrases(PART_NOUNS)
BETWEEN_PART_AND_DAY = listed("de del do da of on el la")

MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "enero janeiro january ene jan",
            "febrero fevereiro february feb fev",
            "marzo marco march mar",
            "abril april abr apr",
            "mayo maio may mai",
            "junio junho june jun",
            "julio julho july jul",
            "agosto august ago aug",
            "septiembre setiembre setembro september sep sept set",
            "octubre outubro october oct out",
            "noviembre novembro november nov",
            "diciembre dezembro december dic dez dec",
        ),
        start=1,
    )
    for name in names.split()
}
# Also names, verbs or other words: a month only after a preposition, a number or before a year.
SHY_MONTHS = frozenset(
    name for name in MONTHS if len(name) <= 4 or name in listed("marco march abril april mayo maio julio julho august")
)
BEFORE_MONTH = listed("en em in during durante mes month este this next proximo para until hasta ate desde from")
# "top 10 mar", "set 5": too weak before a number.
NEVER_BEFORE_DAY = listed("out set mai ago")
ORDINALS: Mapping[str, int] = {
    **dict.fromkeys(listed("primer primero primeiro primeira first 1er 1st"), 1),
    **dict.fromkeys(listed("segundo second 2do 2nd"), 2),
    **dict.fromkeys(listed("tercer tercero terceiro third 3er 3rd"), 3),
    **dict.fromkeys(listed("ultimo ultima last"), -1),
}
EVES: Phrases[tuple[int, int]] = Phrases(
    {
        **dict.fromkeys(["nochebuena", "noche buena", "christmas eve", "vespera de natal"], (12, 24)),
        **dict.fromkeys(["nochevieja", "noche vieja", "fin de ano", "fim de ano", "reveillon"], (12, 31)),
        **dict.fromkeys(["new year's eve", "new years eve", "nye", "virada do ano", "vispera de ano nuevo"], (12, 31)),
    }
)

NUMBER_WORDS: Mapping[str, int] = {
    **dict.fromkeys(listed("un una um uma one"), 1),
    **dict.fromkeys(listed("dos dois duas two"), 2),
    **dict.fromkeys(listed("tres three"), 3),
    **dict.fromkeys(listed("cuatro quatro four"), 4),
    **dict.fromkeys(listed("cinco five"), 5),
    **dict.fromkeys(listed("seis six"), 6),
    **dict.fromkeys(listed("siete sete seven"), 7),
    **dict.fromkeys(listed("diez dez ten"), 10),
    **dict.fromkeys(listed("quince quinze fifteen"), 15),
}
COUNTED: Mapping[str, int] = {
    **dict.fromkeys(listed("dia dias day days noche noches noite noites night nights"), 1),
    **dict.fromkeys(listed("semana semanas week weeks"), 7),
    **dict.fromkeys(listed("mes meses month months"), 30),
}
COMING_SPAN = listed("proximos proximas siguientes seguintes next coming following")
FROM_TODAY: Phrases[None] = Phrases(dict.fromkeys(["en", "em", "in", "dentro de", "daqui a", "de aqui a", "within"]))
FEW = listed("few pocos")

JOINS_DAYS = listed("y e o u and or ou al a to hasta ate until till through thru - .. /")
ARTICLES = listed("el la los las the o os as dia on del do no na ao")
Bound = Literal["from", "after", "until", "before"]
BOUNDS: Phrases[Bound] = Phrases(
    {
        **dict.fromkeys(["desde", "a partir de", "a partir del", "a partir do", "a partir da", "from"], "from"),
        **dict.fromkeys(["starting", "starting on", "since", "de hoy en adelante"], "from"),
        **dict.fromkeys(["despues de", "despues del", "depois de", "depois do", "depois da", "after"], "after"),
        **dict.fromkeys(["hasta", "ate", "until", "till", "through"], "until"),
        **dict.fromkeys(["antes de", "antes del", "antes do", "antes da", "before"], "before"),
    }
)
