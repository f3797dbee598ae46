"""A partner's spreadsheet, saved as CSV: semicolons, the day first, decimal commas, and an encoding of its own."""

import csv
import io

from sonik.ingest.samples.world.cities import dice
from sonik.ingest.samples.world.ground import Ground
from sonik.ingest.samples.world.marks import Delivery, Desk, Item, Mark, Place, keys_of, own_id
from sonik.ingest.samples.world.programme import night_of
from sonik.ingest.samples.world.spelling import bare, words_of
from sonik.ingest.samples.world.tellings import Habits, Telling, first_tellings, later_tellings

SOURCE = "sheet"
HABITS = Habits(source=SOURCE, trust=50, share=0.28, wrong=0.1)


def deliveries(ground: Ground) -> list[Delivery]:
    """Return the first sheet, in Latin-1, and a later one, in UTF-8 with a byte order mark."""
    desk, later = Desk(), Desk()
    for telling in first_tellings(ground, HABITS):
        desk.add("", *_row(ground, telling))
    for telling in later_tellings(ground, HABITS):
        later.add("", *_row(ground, telling))
    return [_delivery("sheet-1.csv", desk, "latin-1"), _delivery("sheet-2.csv", later, "utf-8-sig")]


def _delivery(file: str, desk: Desk, encoding: str) -> Delivery:
    rows = desk.items()[""]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode(encoding)
    # The first line is the header.
    return Delivery(source=SOURCE, trust=HABITS.trust, file=file, content=content, marks=desk.marks(first=2))


def _row(ground: Ground, telling: Telling) -> tuple[Item, Mark]:
    event, venue, starts = telling.event, telling.venue, telling.starts_at
    roll = dice(ground.seed, SOURCE, "row", event.id)
    title = bare(telling.words) if roll.random() < 0.3 else telling.words
    knows_place = dice(ground.seed, SOURCE, "place", venue.id).random() < 0.7
    found = venue.place_id if knows_place else None
    night, room = night_of(starts, event.city), words_of(venue.name)[:12].replace(" ", "")
    code = f"{event.city.suffix.upper()}-{night:%m%d}-{room}"
    item: Item = {
        "Código": code, "Evento": title, "Fecha": f"{starts:%d/%m/%Y}", "Hora": f"{starts:%H:%M}", "Sala": venue.name,
        "Ciudad": venue.city.name, "Id de Google": found or "", "Género": event.genres[0],
        "Precio desde": _decimal(telling.price_min), "Precio hasta": _decimal(telling.price_max),
        "Moneda": event.city.currency, "Artista 1": event.lineup[0].name,
        "Artista 2": event.lineup[1].name if len(event.lineup) > 1 else "",
        "Organiza": event.promoter.name if event.promoter else "",
        "Actualizado": f"{telling.observed_at.astimezone(event.city.zone):%d/%m/%Y %H:%M}",
    }  # fmt: skip
    keys = keys_of(("place", found)) | {f"{SOURCE}:venue name:{words_of(venue.name)}@{words_of(venue.city.name)}"}
    place = Place(entity=venue.id, keys=keys)
    own = frozenset({own_id(SOURCE, "event", code)})
    return item, telling.mark(name=title, keys=own, place=place, says_status=False)


def _decimal(amount: int) -> str:
    """Return an amount as the sheet writes it: 25.000,00."""
    return f"{amount:,}".replace(",", ".") + ",00"
