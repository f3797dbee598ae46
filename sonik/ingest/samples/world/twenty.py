"""The sales desk's Twenty: companies and people with composite fields, opportunities, introductions."""

import json
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sonik.ingest.samples.world.cities import City, dice
from sonik.ingest.samples.world.directus import knows_venue, stamp
from sonik.ingest.samples.world.ground import Ground, Organization, Person, Thing, Tie, Venue
from sonik.ingest.samples.world.marks import Delivery, Desk, Item, Mark, keys_of, own_id
from sonik.ingest.samples.world.spelling import dressed, mistyped, shown
from sonik.ingest.samples.world.tellings import seen_first

SOURCE = "twenty"
TRUST = 70
VENUE_SHARE = 0.6
LEGAL = ("", " S.A.S.", " Cía. Ltda.")


def deliveries(ground: Ground) -> list[Delivery]:
    """Return the one export of the sales desk."""
    desk = Desk()
    for venue in ground.venues:
        if dice(ground.seed, SOURCE, venue.id).random() < VENUE_SHARE:
            desk.add("companies", *_venue(ground, venue))
    for organization in ground.organizations:
        desk.add("companies", *_organization(ground, organization))
    known = {str(item["id"]) for item in desk.items()["companies"]}
    for person in ground.people:
        desk.add("people", *_person(ground, person, known))
        for tie in person.ties:
            if tie.type == "KNOWS":
                desk.add("introductions", _introduction(ground, person, tie))
    for number, organization in enumerate(ground.organizations):
        if organization.org_type == "promoter":
            desk.add("opportunities", *_opportunity(ground, organization, number))
    content = json.dumps({"data": desk.items()}, ensure_ascii=False, indent=1).encode()
    return [Delivery(source=SOURCE, trust=TRUST, file="twenty-1.json", content=content, marks=desk.marks())]


def record_id(ground: Ground, thing: str) -> str:
    """Return the id the system gives a thing."""
    return str(uuid5(NAMESPACE_URL, f"{ground.seed}/{SOURCE}/{thing}"))


def _company(ground: Ground, thing: Thing, name: str) -> tuple[Item, datetime]:
    seen = seen_first(ground, SOURCE, thing.id)
    company: Item = {
        "id": record_id(ground, thing.id), "name": name, "createdAt": "2025-06-01T12:00:00.000Z",
        "updatedAt": stamp(seen), "deletedAt": None, "address": _address(thing.city),
        "domainName": _link(f"https://www.{thing.domain}/?utm_source=crm"), "instagramLink": _link(None),
    }  # fmt: skip
    return company, seen


def _venue(ground: Ground, venue: Venue) -> tuple[Item, Mark]:
    """Return a venue as a company: a third has its place id, a third its profile, the rest only a name.

    Of what the content system does not know only the surest is told: else two would turn out to be one too late.
    """
    roll = dice(ground.seed, SOURCE, "company", venue.id)
    surest = "place" if venue.place_id else "profile"
    known_by = roll.choice(("place", "profile", "name") if knows_venue(ground, venue) else (surest, "name"))
    slips = known_by == "name" and roll.random() < 0.5
    name = " ".join((mistyped if slips else dressed)(venue.name, roll).split())
    company, seen = _company(ground, venue, name)
    place, handle = venue.place_id if known_by == "place" else None, venue.handle if known_by == "profile" else None
    capacity = venue.capacity + roll.choice((0, 0, 20, -15))
    company |= {
        "accountType": "VENUE", "googlePlaceId": place or "", "capacity": capacity,
        "instagramLink": _link(f"https://instagram.com/{handle}?igshid=MzRlODBiNWFlZA==" if handle else None),
    }  # fmt: skip
    keys = keys_of(("place", place), ("instagram", handle)) | {own_id(SOURCE, "venue", company["id"])}
    said = {"name": shown(name), "address": None, "capacity": capacity}
    return company, Mark(entity=venue.id, kind="venue", keys=keys, observed_at=seen, said=said)


def _organization(ground: Ground, organization: Organization) -> tuple[Item, Mark]:
    roll = dice(ground.seed, SOURCE, "company", organization.id)
    name = organization.name if " " in organization.name[-5:] else organization.name + roll.choice(LEGAL)
    company, seen = _company(ground, organization, name)
    org_type = roll.choice((organization.org_type, "customer"))
    company |= {"accountType": "ORGANIZER", "segment": org_type, "googlePlaceId": "", "capacity": None}
    keys = keys_of(("domain", organization.domain)) | {own_id(SOURCE, "organization", company["id"])}
    said = {"name": name, "org_type": org_type}
    return company, Mark(entity=organization.id, kind="organization", keys=keys, observed_at=seen, said=said)


def _person(ground: Ground, person: Person, known: set[str]) -> tuple[Item, Mark]:
    seen = seen_first(ground, SOURCE, person.id)
    work = {tie.type: record_id(ground, tie.to) for tie in person.ties if tie.type != "KNOWS"}
    owned, employer = work.get("OWNS"), work.get("WORKS_FOR")
    managed = next((tie.to for tie in person.ties if tie.type == "MANAGES"), None)
    act = next((artist for artist in ground.artists if artist.id == managed), None)
    item: Item = {
        "id": record_id(ground, person.id), "name": {"firstName": person.given, "lastName": person.family},
        "emails": {"primaryEmail": person.email, "additionalEmails": []}, "jobTitle": person.role,
        "city": person.city.name, "companyId": employer, "ownedCompanyId": owned if owned in known else None,
        "managedArtist": {"name": act.name, "instagram": act.handle} if act else None,
        "instagramLink": _link(f"https://www.instagram.com/{person.handle}" if person.handle else None),
        "createdAt": "2025-06-01T12:00:00.000Z", "updatedAt": stamp(seen), "deletedAt": None,
    }  # fmt: skip
    keys = keys_of(("instagram", person.handle)) | {own_id(SOURCE, "person", item["id"])}
    said = {"name": person.name, "person_type": person.role}
    return item, Mark(entity=person.id, kind="person", keys=keys, observed_at=seen, said=said)


def _introduction(ground: Ground, person: Person, tie: Tie) -> Item:
    other = next(one for one in ground.people if one.id == tie.to)
    return {
        "id": record_id(ground, f"{person.id}>{tie.to}"), "name": f"{person.name} → {other.name}",
        "fromPersonId": record_id(ground, person.id), "toPersonId": record_id(ground, tie.to),
        "strength": tie.strength,
    }  # fmt: skip


def _opportunity(ground: Ground, organization: Organization, number: int) -> tuple[Item, Mark]:
    thing, name = f"{organization.id}/campaign", f"Campaña de temporada: {organization.name}, {organization.city.name}"
    amount, seen = organization.city.prices[-1] * (20 + number), seen_first(ground, SOURCE, thing)
    item: Item = {
        "id": record_id(ground, thing), "name": name, "budget": amount,
        "amount": {"amountMicros": amount * 1_000_000, "currencyCode": organization.city.currency},
        "stage": ("CUSTOMER", "PROPOSAL")[number % 2], "closeDate": stamp(ground.now),
        "channel": ("instagram", "email", "whatsapp")[number % 3], "companyId": record_id(ground, organization.id),
        "createdAt": "2025-06-01T12:00:00.000Z", "updatedAt": stamp(seen), "deletedAt": None,
    }  # fmt: skip
    keys = frozenset({own_id(SOURCE, "campaign", item["id"])})
    return item, Mark(entity=thing, kind="campaign", keys=keys, observed_at=seen, said={"name": name})


def _address(city: City) -> Item:
    return {"addressStreet1": "", "addressCity": city.name, "addressCountry": city.country, "addressPostcode": ""}


def _link(url: str | None) -> Item:
    return {"primaryLinkUrl": url or "", "primaryLinkLabel": "", "secondaryLinks": []}
