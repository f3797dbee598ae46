"""How fast records are taken into truth, while nothing is projected."""

from time import perf_counter

from sonik.engine import Engine
from sonik.types import JsonObject
from tests.bench.homes import Homes, deliver
from tests.bench.spread import median
from tests.bench.synthetic import market

DELIVERIES = 4
EVENTS = 450


async def ingesting(homes: Homes) -> JsonObject:
    """Time deliveries of a synthetic market each; the first warms up."""
    rates = []
    async with Engine.open(homes.new(), project=False) as engine:
        for seed in range(DELIVERIES):
            records = list(market(seed, events=EVENTS))
            started = perf_counter()
            await deliver(engine, records, source="synthetic")
            rates.append(len(records) / (perf_counter() - started))
    return {"ingest_records_per_s": median(rates[1:], digits=0)}
