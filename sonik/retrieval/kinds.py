"""Which kinds of entity a question asks for: "quién toca" an artist, "qué club" a venue, "conciertos" an event."""

from collections.abc import Collection, Mapping

from sonik.retrieval.wording import Phrases, Sentence, listed, table
from sonik.types import Language

ARTIST, VENUE, EVENT, ORGANIZATION, PERSON, BRAND = "artist", "venue", "event", "organization", "person", "brand"

# "Where" asks for a venue too, but the events it stands beside are asked for as well: "where are the concerts".
WHERE = "where"
# "Where to go" asks for places, "where to go tonight" for what is on.
GOING = "going"
OF_EVENTS = frozenset((ARTIST, VENUE, ORGANIZATION, PERSON, BRAND))
JOINS = listed("y e o u and or ou")

# These ask for a kind wherever they stand, and say nothing else.
ASKS: Phrases[str] = Phrases(
    {
        **table(
            """quien toca, quien toco, quienes tocan, quien va a tocar, quien esta tocando, quien canta,
            quien se presenta, quien pincha, que artistas, que artista, artista, artistas, cantantes, djs, que dj,
            bandas, que banda, musicos, line up, lineup, cartel de artistas, quem toca, quem tocou, quem vai tocar,
            quem esta tocando, quem canta, quem se apresenta, cantores, atracoes, who is playing, who s playing,
            who plays, who played, who is performing, who s performing, who performs, who is on, who s on, artist,
            artists, bands, singers, musicians, performers, which artists, which djs""",
            ARTIST,
        ),
        **table("donde, a donde, adonde, onde, aonde, where", WHERE),
        **table(
            """where to go, where can i go, a donde ir, adonde ir, donde ir, donde salir, aonde ir, onde ir, onde sair,
            donde hay, onde tem, onde ha, where can i find, where is there, where are there""",
            GOING,
        ),
        **table(
            """que club, que clubes, que bar, que bares, que lugar, que lugares, bares, clubes,
            clubs, discotecas, antros, antro, boliches, boliche, lugares, sitios, salas, teatros,
            salas de conciertos, sala de conciertos, salas de concierto, teatros de conciertos, concert halls,
            concert hall, music venues, casas de concerto, salas de shows, venues, local de eventos,
            que casas, quais casas, qual bar, quais bares, casas de show, casa de show, boates,
            locais, casas noturnas, which club, which clubs, which bar, which bars, bars,
            nightclubs, places, spots, places to go""",
            VENUE,
        ),
        **table(
            """que hay, que hay para hacer, que hacer, que pasa, que se hace, cosas que hacer, que planes, planes,
            concierto, conciertos, fiesta, fiestas, evento, eventos, agenda, programacion, cartelera, toque, toques,
            recital, recitales, rumba, rumbas, parche, parches, farra, farras, carrete, carretes, peda, joda,
            funcion, funciones, cuando, cuando toca, a que hora, o que tem, o que tem para fazer, o que fazer,
            o que rola, o que esta rolando, o que vai rolar, que shows, show, shows, festa, festas, role, roles,
            programacao, quando, que horas, que programa, proximas fechas, fechas, proximas datas, que vai ter,
            coming up, putting on, upcoming dates, tour dates, what is on, what s on, whats on, what is happening,
            what s happening, whats happening, things to do, what to do, what is going on, what s going on, concert,
            concerts, party, parties, event, events, gig, gigs, raves, when, what time""",
            EVENT,
        ),
        **table(
            """promotor, promotora, promotores, promotoras, organizador, organizadores, organizadora, organizadoras,
            productora, productoras, quien organiza, quienes organizan, quien produce, produtora, produtoras,
            quem organiza, quem produz, promoter, promoters, organizer, organizers, organiser, organisers,
            who organizes, who organises, who promotes, who is organizing, who is behind, collectives, colectivos""",
            ORGANIZATION,
        ),
        **table("dueno, duenos, duena, propietario, owner, owners, dono, donos, booker, bookers", PERSON),
        **table(
            "marca, marcas, brand, brands, patrocinador, patrocinadores, sponsor, sponsors, quien patrocina",
            BRAND,
        ),
    }
)
# They ask for those on one bill with somebody.
COMPANY: Phrases[None] = Phrases(
    table(
        """junto a, junto con, junto com, al lado de, ao lado de, alongside, together with, comparte cartel,
        comparten cartel, comparte cartel con, comparten cartel con, comparte escenario con, comparten escenario con,
        comparte tarima con, divide o palco, dividem o palco, divide o palco com, dividem o palco com, share a bill,
        shares a bill, share a bill with, shares a bill with, share the bill with, shares the bill with,
        share a stage with, shares a stage with, share the stage with, shares the stage with, on the same bill as""",
        None,
    )
)
# A party in Brazil, a slow love song elsewhere.
PORTUGUESE_ASKS: Phrases[str] = Phrases(table("balada, baladas, na balada, baile, bailes", EVENT))
# Often the first word of a name ("Bar La 33", "Festival Estéreo"): they tell the kind only where nothing is named.
HINTS: Phrases[str] = Phrases(
    {
        **table("dj, banda, band, singer, cantante, cantor, musico, grupo", ARTIST),
        **table(
            "bar, club, clube, discoteca, disco, sala, teatro, local, pub, terraza, terrazas, rooftop, lugar, sitio",
            VENUE,
        ),
        **table("venue, nightclub, spot, boate", VENUE),
        **table("festival, festivales, festivais, festivals, rave, noche, noite, night, feria, plan", EVENT),
        **table("colectivo, coletivo, collective, sello", ORGANIZATION),
    }
)


def take_company(sentence: Sentence) -> bool:
    """Read whether those on a bill with somebody are asked for, and take the words that say so."""
    found = list(sentence.find(COMPANY))
    for _, start, stop in found:
        sentence.take(start, stop)
    return bool(found)


def take_asked_kinds(
    sentence: Sentence, *, language: Language, spared: Collection[int], named: Collection[int], timed: bool
) -> tuple[str, ...]:
    """Read the kinds a question plainly asks for, in its order, and take their words except the `spared` places.

    At the `named` places a name stands: after the first kind, one right before it says what the name is. `timed` says
    that a time is asked for.
    """
    found = list(sentence.find(ASKS))
    if language == "pt":
        found += sentence.find(PORTUGUESE_ASKS)
    kinds: dict[int, str] = {}
    for kind, start, stop in found:
        if start not in spared and not _in_name(sentence, start, stop):
            sentence.take(start, stop)
            if not kinds or stop not in named:
                kinds[start] = kind
    if timed and list(kinds.values()) == [GOING]:
        return (EVENT,)
    return _in_order(kinds, joined={start for start in kinds if start and sentence.words[start - 1].text in JOINS})


def hinted_kinds(sentence: Sentence, *, spared: Collection[int]) -> tuple[tuple[str, ...], set[int]]:
    """Return the kinds that softer words hint at, and where these words stand; nothing is taken.

    Inside a sentence a capital makes the word a name ("Club de la Noche"); the `spared` places hint at nothing.
    """
    shouted = all(word.raw.isupper() for word in sentence.words)
    found = [
        (kind, start, stop)
        for kind, start, stop in sentence.find(HINTS)
        if start not in spared and (shouted or start == 0 or not sentence.is_name_at(start))
    ]
    places = {index for _, start, stop in found for index in range(start, stop)}
    return _in_order({start: kind for kind, start, _ in found}, joined=()), places


def _in_name(sentence: Sentence, start: int, stop: int) -> bool:
    """Whether a single capitalised word inside a question leads a capitalised name: "... la Fiesta Bresh"."""
    single = start > 0 and stop - start == 1
    return single and sentence.is_name_at(start) and sentence.is_name_at(stop)


def _in_order(kinds: Mapping[int, str], *, joined: Collection[int]) -> tuple[str, ...]:
    starts = sorted(kinds)
    # "Organizers of jazz events" asks for organizers, "bars and parties" for both.
    about_events = bool(starts) and kinds[starts[0]] in OF_EVENTS
    asked = [kinds[start] for start in starts if kinds[start] != EVENT or not about_events or start in joined]
    return tuple(dict.fromkeys(VENUE if kind in {WHERE, GOING} else kind for kind in asked))
