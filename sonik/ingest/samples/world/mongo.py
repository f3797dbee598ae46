"""The ticket shop's MongoDB, exported as extended JSON: accounts, tickets, transactions."""

import hashlib
import json
from datetime import datetime
from decimal import Decimal

from sonik.ingest.samples.world.cities import dice
from sonik.ingest.samples.world.directus import stamp
from sonik.ingest.samples.world.ground import Event, Ground, Organization, Person, Venue
from sonik.ingest.samples.world.marks import Delivery, Desk, Item, Mark, Place, keys_of, own_id
from sonik.ingest.samples.world.spelling import promoted, shown
from sonik.ingest.samples.world.tellings import Habits, Telling, first_tellings, later_tellings, seen_first

SOURCE = "mongo"
HABITS = Habits(source=SOURCE, trust=60, share=0.45, wrong=0.2, hears=True, sees_second_showings=True)
BUYERS = 60


def deliveries(ground: Ground) -> list[Delivery]:
    """Return two exports of everything, before and after the changes."""
    desk = Desk()
    for organization in ground.organizations:
        if organization.org_type == "promoter":
            desk.add("accounts", *_organizer(ground, organization))
    for person in ground.people:
        if person.role in {"promoter", "booker"}:
            desk.add("accounts", *_staff(ground, person))
    for number in range(BUYERS):
        desk.add("accounts", *_buyer(ground, number))
    sold = [telling for telling in first_tellings(ground, HABITS) if telling.price_max]
    for telling in sold:
        desk.add("tiers", *_tier(ground, telling))
    for number in range(BUYERS * 3):
        desk.add("transactions", _transaction(ground, sold, number))
    later = Desk(entries=dict(desk.entries))
    changed = {telling.event.id: telling for telling in later_tellings(ground, HABITS)}
    for telling in sold:
        desk.add("tickets", *_ticket(ground, telling))
        later.add("tickets", *_ticket(ground, changed.get(telling.event.id, telling)))
    return [_delivery("mongo-1.json", desk), _delivery("mongo-2.json", later)]


def object_id(*parts: object) -> str:
    """Return an object id."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:24]


def _delivery(file: str, desk: Desk) -> Delivery:
    content = json.dumps(desk.items(), ensure_ascii=False, indent=1).encode()
    return Delivery(source=SOURCE, trust=HABITS.trust, file=file, content=content, marks=desk.marks())


def _oid(ground: Ground, thing: str) -> Item:
    return {"$oid": object_id(ground.seed, SOURCE, thing)}


def _date(moment: datetime, *, canonical: bool = False) -> Item:
    """Return a date as the relaxed or the canonical form writes it."""
    return {"$date": {"$numberLong": str(int(moment.timestamp() * 1000))} if canonical else stamp(moment)}


def _account(ground: Ground, thing: str, kind: str, name: str) -> tuple[Item, datetime]:
    seen = seen_first(ground, SOURCE, thing)
    account: Item = {
        "_id": _oid(ground, thing), "type": kind, "displayName": name, "__v": 0,
        "updatedAt": _date(seen, canonical=True),
    }  # fmt: skip
    return account, seen


def _organizer(ground: Ground, organization: Organization) -> tuple[Item, Mark]:
    """Return an organiser's account: some gave their site, some their profile, some a mailbox only."""
    roll = dice(ground.seed, SOURCE, organization.id)
    known_by = roll.choice(("site", "profile", "mail"))
    account, seen = _account(ground, organization.id, "organizer", organization.name.upper())
    site = organization.domain if known_by == "site" else None
    handle = organization.handle if known_by == "profile" else None
    account |= {
        "website": f"http://{site}" if site else "", "instagram": f"@{handle}" if handle else "",
        "email": f"boletas@{organization.domain}",
    }  # fmt: skip
    keys = keys_of(("domain", site), ("instagram", handle))
    keys |= {own_id(SOURCE, "organization", object_id(ground.seed, SOURCE, organization.id))}
    said = {"name": organization.name.upper(), "org_type": None}
    return account, Mark(entity=organization.id, kind="organization", keys=keys, observed_at=seen, said=said)


def _staff(ground: Ground, person: Person) -> tuple[Item, Mark]:
    """Return the account of somebody the sales desk knows too: by profile, or by nothing but the mail address."""
    handle = person.handle if dice(ground.seed, SOURCE, person.id).random() < 0.6 else None
    account, seen = _account(ground, person.id, "staff", person.name)
    account |= {"email": person.email, "instagram": f"@{handle}" if handle else ""}
    keys = keys_of(("instagram", handle))
    keys |= {own_id(SOURCE, "person", object_id(ground.seed, SOURCE, person.id))}
    said = {"name": person.name, "person_type": "staff"}
    return account, Mark(entity=person.id, kind="person", keys=keys, observed_at=seen, said=said)


def _buyer(ground: Ground, number: int) -> tuple[Item, Mark]:
    roll = dice(ground.seed, SOURCE, "buyer", number)
    city = roll.choice(ground.cities)
    name = f"{roll.choice(city.given)} {roll.choice(city.family)} {roll.choice(city.family)}"
    thing = f"buyer/{number}"
    account, seen = _account(ground, thing, "buyer", name)
    account |= {"email": f"fan{number}@correo.example", "instagram": ""}
    keys = frozenset({own_id(SOURCE, "person", object_id(ground.seed, SOURCE, thing))})
    said = {"name": name, "person_type": "buyer"}
    return account, Mark(entity=thing, kind="person", keys=keys, observed_at=seen, said=said)


def _ticket(ground: Ground, telling: Telling) -> tuple[Item, Mark]:
    event = telling.event
    title = promoted(telling.words, dice(ground.seed, SOURCE, "title", event.id))
    venue, place = _venue(ground, telling.venue, event)
    promoter = event.promoter if event.promoter and event.promoter.org_type == "promoter" else None
    item: Item = {
        "_id": _oid(ground, event.id), "title": title, "state": telling.status, "city": event.city.name,
        "startsAt": _date(telling.starts_at), "venue": venue, "updatedAt": _date(telling.observed_at),
        "priceFrom": {"$numberDecimal": str(Decimal(telling.price_min).quantize(Decimal("0.01")))},
        "priceTo": {"$numberDecimal": str(Decimal(telling.price_max).quantize(Decimal("0.01")))},
        "currency": event.city.currency, "organizer": _oid(ground, promoter.id) if promoter else None,
        "saleUrl": f"https://taquilla.example/{object_id(event.id)[:8]}?utm_source=newsletter",
    }  # fmt: skip
    own = frozenset({own_id(SOURCE, "event", object_id(ground.seed, SOURCE, event.id))})
    return item, telling.mark(name=title, keys=own, place=place, says_status=True)


def _venue(ground: Ground, venue: Venue, event: Event) -> tuple[Item, Place]:
    """Return the venue as the shop has it: always under its own code, two thirds with the place id."""
    code = f"V-{object_id(ground.seed, SOURCE, venue.id)[:6]}"
    knows_place = dice(ground.seed, SOURCE, "place", venue.id).random() < 0.66
    found = venue.place_id if knows_place else None
    item: Item = {"code": code, "name": venue.name.upper(), "placeId": found, "city": event.city.name}
    return item, Place(entity=venue.id, keys=keys_of(("place", found)) | {own_id(SOURCE, "venue", code)})


def _tier(ground: Ground, telling: Telling) -> tuple[Item, Mark]:
    thing = f"{telling.event.id}/tier"
    item: Item = {
        "_id": _oid(ground, thing), "ticket": _oid(ground, telling.event.id), "tier": "General",
        "name": f"General: {telling.event.name}", "price": {"$numberDecimal": f"{telling.price_min}.00"},
        "currency": telling.event.city.currency, "updatedAt": _date(telling.observed_at),
    }  # fmt: skip
    keys = frozenset({own_id(SOURCE, "ticket", object_id(ground.seed, SOURCE, thing))})
    said = {"name": shown(str(item["name"]))}
    return item, Mark(entity=thing, kind="ticket", keys=keys, observed_at=telling.observed_at, said=said)


def _transaction(ground: Ground, sold: list[Telling], number: int) -> Item:
    telling = dice(ground.seed, SOURCE, "transaction", number).choice(sold)
    return {
        "_id": _oid(ground, f"transaction/{number}"), "account": _oid(ground, f"buyer/{number % BUYERS}"),
        "tier": _oid(ground, f"{telling.event.id}/tier"), "status": "paid",
        "amount": {"$numberDecimal": f"{telling.price_min}.00"}, "currency": telling.event.city.currency,
        "at": _date(telling.observed_at),
    }  # fmt: skip
