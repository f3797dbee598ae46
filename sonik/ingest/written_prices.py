"""Prices as people write them: "desde $25.000", "COP 25.000 - 40.000", "25 mil", "Entrada libre", "25.000,00"."""

import re
from dataclasses import dataclass
from decimal import Decimal

from sonik.identity.names import plain

_FREE = re.compile(r"\b(?:gratis|gratuit[oa]s?|free|libre|franca|livre|sin costo|sem custo|de graca|no cover)\b")
_CODE = re.compile(r"\b(usd|cop|mxn|eur|brl|clp|ars|pen|uyu)\b")
_AMOUNT = re.compile(r"(?<![\d.,])(\d[\d.,]*)(?: ?(mil|k)\b)?")
_UP_TO = re.compile(r"\b(?:hasta|ate|up to)\b")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenPrice:
    """What a written price says; amounts in units of the currency, which is an ISO 4217 code where one is named."""

    lowest: Decimal | None
    highest: Decimal | None
    currency: str | None
    is_free: bool


def written_price(text: str) -> WrittenPrice | None:
    """Return what a written price says, or None when it names no amount and is not free."""
    told = plain(text)
    code = _CODE.search(told)
    currency = code[1].upper() if code else None
    found = [_amount(match[1], thousands=match[2] is not None) for match in _AMOUNT.finditer(told)]
    if not found:
        free = _FREE.search(told) is not None
        nothing = Decimal(0)
        return WrittenPrice(lowest=nothing, highest=nothing, currency=currency, is_free=True) if free else None
    lowest, highest = min(found[:2]), max(found[:2])
    if len(found) == 1 and _UP_TO.search(told):
        return WrittenPrice(lowest=None, highest=highest, currency=currency, is_free=False)
    return WrittenPrice(
        lowest=lowest, highest=highest if len(found) > 1 else None, currency=currency, is_free=highest == 0
    )


def _amount(digits: str, *, thousands: bool) -> Decimal:
    """Read an amount: a sign before exactly three digits parts thousands, any other is the decimal one."""
    digits = digits.rstrip(".,")
    if _GROUPED.fullmatch(digits):
        digits = re.sub(r"[.,]", "", digits)
    elif "," in digits or "." in digits:
        whole, _, cents = digits.replace(",", ".").rpartition(".")
        digits = f"{whole.replace('.', '')}.{cents}"
    return Decimal(digits) * (1000 if thousands else 1)
