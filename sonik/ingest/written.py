"""Fields of a record whose values are as people write them: times with the day first, prices in words."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from sonik.ingest.written_prices import WrittenPrice, written_price
from sonik.ingest.written_times import written_moment
from sonik.types import JsonObject, JsonValue

MOMENTS: Final = frozenset({"starts_at", "ends_at", "observed_at"})


def read_written(record: JsonObject, *, currency: str | None) -> None:
    """Put what times and prices say in their place; `currency` is that of the record's market.

    A time that cannot be read stays for the record's check to refuse; a price without any number says nothing.
    """
    seen = _read_moment(record.get("observed_at"), None)
    near = _parsed(seen)
    for name in MOMENTS & record.keys():
        record[name] = _read_moment(record[name], near)
    _read_prices(record, currency)


def _read_moment(value: JsonValue, near: datetime | None) -> JsonValue:
    if not isinstance(value, str) or _parsed(value) is not None:
        return value
    return written_moment(value, near=None if near is None else near.date()) or value


def _parsed(value: JsonValue) -> datetime | None:
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _read_prices(record: JsonObject, currency: str | None) -> None:
    lowest, highest = _price(record.pop("price_min", None)), _price(record.pop("price_max", None))
    low = lowest.lowest if lowest else None
    high = highest.highest or highest.lowest if highest else lowest.highest if lowest else None
    told = [price for price in (lowest, highest) if price is not None]
    if not told:
        return
    record["price_min"], record["price_max"] = _plain(low), _plain(high)
    record["is_free"] = record.get("is_free") or all(price.is_free for price in told) or None
    named = next((price.currency for price in told if price.currency is not None), None)
    # "$" alone means the money of the place.
    record["currency"] = record.get("currency") or named or currency


def _price(value: JsonValue) -> WrittenPrice | None:
    if isinstance(value, str):
        return written_price(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        amount = Decimal(str(value))
        return WrittenPrice(lowest=amount, highest=None, currency=None, is_free=amount == 0)
    return None


def _plain(amount: Decimal | None) -> JsonValue:
    return None if amount is None else format(amount, "f")
