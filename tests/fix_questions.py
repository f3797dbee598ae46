"""A small vocabulary and a frozen Wednesday for tests that read questions."""

from collections.abc import Collection
from datetime import UTC, datetime

from sonik.clock import Clock
from sonik.ingest.legends import Market
from sonik.retrieval.understand import Understood, Vocabulary, understand


def market(
    slug: str, name: str, country: str, zone: str, currency: str, *aliases: str, at: tuple[float, float]
) -> Market:
    lat, lng = at
    return Market(
        slug=slug, name=name, country=country, timezone=zone, currency=currency, lat=lat, lng=lng, aliases=list(aliases)
    )  # fmt: skip


VOCABULARY = Vocabulary(
    markets=(
        market("medellin", "Medellín", "CO", "America/Bogota", "COP", "medallo", at=(6.2442, -75.5812)),
        market("bogota", "Bogotá", "CO", "America/Bogota", "COP", at=(4.711, -74.0721)),
        market("cali", "Cali", "CO", "America/Bogota", "COP", "santiago de cali", at=(3.4516, -76.532)),
        market("quito", "Quito", "EC", "America/Guayaquil", "USD", at=(-0.1807, -78.4678)),
        market("lima", "Lima", "PE", "America/Lima", "PEN", at=(-12.0464, -77.0428)),
        market("ciudad-de-mexico", "Ciudad de México", "MX", "America/Mexico_City", "MXN", "cdmx", at=(19.43, -99.13)),
        market("santiago", "Santiago", "CL", "America/Santiago", "CLP", "santiago de chile", at=(-33.45, -70.67)),
        market("sao-paulo", "São Paulo", "BR", "America/Sao_Paulo", "BRL", "sampa", at=(-23.55, -46.63)),
        market("rio-de-janeiro", "Rio de Janeiro", "BR", "America/Sao_Paulo", "BRL", "rio", at=(-22.9, -43.17)),
    ),
    genres={
        "salsa": "salsa", "techno": "techno", "tecno": "techno", "rock": "rock", "jazz": "jazz",
        "rumba flamenca": "flamenco",
        "electronica": "electronic", "eletronica": "electronic", "musica electronica": "electronic", "samba": "samba",
        "r y b": "soul", "teatro": "theatre", "musica": "music", "reggaeton": "reggaeton", "festival": "festival",
        "rumba": "rumba",
    },
)  # fmt: skip
WEDNESDAY_NOON = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)


def ask(query: str, default: str | None = "medellin", names: Collection[str] = ()) -> Understood:
    clock = Clock.frozen(WEDNESDAY_NOON)
    return understand(query, vocabulary=VOCABULARY, clock=clock, default_market=default, names=names)
