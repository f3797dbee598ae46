"""Reading what a night may cost: "menos de 50 mil", "under $20", "até R$ 100", "entrada libre"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sonik.retrieval.wording import Phrases, Sentence, listed, table

LOCAL = ""  # the market's own currency
CURRENCIES: Phrases[str] = Phrases(
    {
        **dict.fromkeys(listed("usd us$ u$s dolar dolares dollar dollars bucks buck"), "USD"),
        **dict.fromkeys(listed("€ eur euro euros"), "EUR"),
        **dict.fromkeys(listed("brl r$ real reais conto contos"), "BRL"),
        **dict.fromkeys(listed("pen s/ s/. sol soles"), "PEN"),
        **dict.fromkeys(listed("pyg guaranies guarani"), "PYG"),
        **dict.fromkeys(listed("bob bs boliviano bolivianos"), "BOB"),
        **dict.fromkeys(listed("crc colon colones"), "CRC"),
        **dict.fromkeys(listed("gtq quetzal quetzales"), "GTQ"),
        **dict.fromkeys(["cop", "pesos colombianos", "colombian pesos"], "COP"),
        **dict.fromkeys(["clp", "pesos chilenos", "chilean pesos"], "CLP"),
        **dict.fromkeys(["mxn", "pesos mexicanos", "mexican pesos"], "MXN"),
        **dict.fromkeys(["ars", "pesos argentinos", "argentine pesos"], "ARS"),
        **dict.fromkeys(["uyu", "pesos uruguayos", "uruguayan pesos"], "UYU"),
        **dict.fromkeys(listed("dop rd$"), "DOP"),
        **dict.fromkeys(listed("$ peso pesos mangos"), LOCAL),
    }
)
MULTIPLIERS = {
    **dict.fromkeys(listed("mil k thousand luca lucas"), 1_000),
    **dict.fromkeys(listed("millon millones milhao milhoes million"), 1_000_000),
}
# "Veinte lucas" are pesos, with no other word for them.
MONEY_ITSELF = listed("luca lucas")
LIMITS: Phrases[bool] = Phrases(
    {
        **table(
            """menos de, menos que, por menos de, no mas de, no mas que, max, maximo, maximo de, como maximo, hasta,
            por debajo de, debajo de, abajo de, bajo, tope de, presupuesto de, presupuesto, cover de, cover, entrada de,
            entradas de, boletas de, por, con, ate, por ate, no maximo, abaixo de, mais barato que, mas barato que,
            under, below, less than, up to, at most, max of, cheaper than, no more than, not more than, budget of,
            budget, within""",
            True,
        ),
        **table(
            """mas de, mas que, desde, a partir de, minimo, por lo menos, mais de, mais que, acima de, over, above,
            more than, from, at least""",
            False,
        ),
    }
)
# Behind the number: "15 mil o menos".
TRAILING: Phrases[bool] = Phrases(
    {
        **table("o menos, ou menos, or less, como maximo, como mucho, a lo sumo, no maximo, maximo, at most", True),
        **table("o mas, ou mais, or more, como minimo, no minimo, minimo, at least", False),
    }
)
# The others need a currency or a "mil" behind the number: "hasta 22" may be an hour, "con 2" may be anything.
CLEARLY_MONEY = listed(
    "menos mas mais more less most max maximo debajo abajo tope presupuesto abaixo under below budget"
)
FREE: Phrases[bool] = Phrases(
    {
        **table(
            """gratis, gratuito, gratuita, gratuitos, gratuitas, entrada libre, entrada gratis, entrada franca,
            acceso libre, entrada liberada, entrada gratuita, sin cover, sin costo, sin pagar, no cover, de graca,
            na faixa, entrada livre, 0800, free, free entry, free entrance, free admission, for free, free of charge""",
            True,
        ),
        **table("de pago, de paga, not free, no gratis", False),
    }
)
# "Free jazz" costs; so may a tour of that name.
NOT_FREE_BEFORE = listed("jazz style tempo fire range")
# "Under 500 people", "menos de 2 km", "max 5 de diciembre": counted, but not paid.
COUNTED_THINGS = listed(
    """
    anos ano years year old km kms kilometros kilometers quilometros m metros meters cuadras blocks quarteiroes min
    minutos minutes horas hora hours hour personas people pessoas gente dias days semanas weeks dia day am pm h hs de
    """
)
AMOUNT = re.compile(r"([0-9]+(?:[.,][0-9]+)*)([a-z]*)")
GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
LONGEST_NUMBER = 15
HIGHEST = Decimal("1e12")
LEAD_WORDS = 4
# One dollar sign, two readings: nothing costs $20 in these currencies, so "$20" is an English speaker's USD.
SMALLEST_PRICE = {"COP": 1_000, "CLP": 500, "ARS": 500, "PYG": 1_000, "CRC": 500}
WITHOUT_DOLLAR_SIGN = frozenset(("BRL", "PEN", "EUR", "GTQ", "BOB"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """The most someone wants to pay, in which currency (None: nobody knows), and whether entry must be free."""

    price_max: Decimal | None = None
    currency: str | None = None
    is_free: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Amount:
    """A number in its place; `is_money` where a currency says so, `is_scaled` where a "mil" hints at it."""

    value: Decimal
    currency: str | None
    is_money: bool
    is_scaled: bool
    start: int
    stop: int


def take_cost(sentence: Sentence, *, currency: str | None) -> Cost:
    """Read the price limit and the wish for free entry, and take their words; `currency` is the market's."""
    is_free = _take_free(sentence)
    most: _Amount | None = None
    for index in range(len(sentence.left)):
        amount = _amount_at(sentence.left, index, currency)
        limit = _limit(sentence.left, amount) if amount else None
        if amount is None or limit is None:
            continue
        start, stop, is_most = limit
        sentence.take(start, stop)
        if is_most and most is None:
            most = amount
    if most is None:
        return Cost(is_free=is_free)
    return Cost(price_max=most.value, currency=most.currency, is_free=is_free)


def _take_free(sentence: Sentence) -> bool | None:
    for is_free, start, stop in sentence.find(FREE):
        in_name = sentence.is_name_at(start) and (sentence.is_name_at(start - 1) or sentence.is_name_at(stop))
        if in_name or (stop < len(sentence.left) and sentence.left[stop] in NOT_FREE_BEFORE):
            continue
        sentence.take(start, stop)
        return is_free
    return None


def _amount_at(left: Sequence[str], index: int, local: str | None) -> _Amount | None:
    number = AMOUNT.fullmatch(left[index]) if len(left[index]) <= LONGEST_NUMBER else None
    if number is None:
        return None
    glued = [number[2]] if number[2] else []
    words = [*glued, *left[index + 1 : index + 4]]
    scale = MULTIPLIERS.get(words[0]) if words else None
    unit = CURRENCIES.at(words, 1 if scale else 0)
    read = unit[1] if unit else 1 if scale else 0
    value = _decimal(number[1]) * (scale or 1)
    if read < len(glued) or value > HIGHEST:
        return None
    sign = _sign_before(left, index)
    code = sign or (unit[0] if unit else sign)
    is_slang = scale is not None and words[0] in MONEY_ITSELF
    return _Amount(
        value=value,
        currency=code or (_dollars(value, local) if sign == LOCAL else local),
        is_money=code is not None or is_slang,
        is_scaled=scale is not None,
        start=index if sign is None else index - 1,
        stop=index + 1 + read - len(glued),
    )


def _sign_before(left: Sequence[str], index: int) -> str | None:
    found = CURRENCIES.at(left, index - 1) if index else None
    return found[0] if found and found[1] == index else None


def _limit(left: Sequence[str], amount: _Amount) -> tuple[int, int, bool] | None:
    """Return where the limit's words start and end and whether it is an upper one; None when this is no price."""
    start, is_most = _lead(left, amount.start) or (amount.start, True)
    trailing = TRAILING.at(left, amount.stop)
    stop = amount.stop
    if trailing is not None:
        is_most, stop = trailing
    if amount.is_money:
        return start, stop, is_most
    around = [*left[start : amount.start], *left[amount.stop : stop]]
    if not around or (stop < len(left) and left[stop] in COUNTED_THINGS):
        return None
    return (start, stop, is_most) if amount.is_scaled or not CLEARLY_MONEY.isdisjoint(around) else None


def _lead(left: Sequence[str], stop: int) -> tuple[int, bool] | None:
    """Return the longest phrase of comparison that ends right before `stop`."""
    for start in range(max(0, stop - LEAD_WORDS), stop):
        found = LIMITS.at(left, start)
        if found is not None and found[1] == stop:
            return start, found[0]
    return None


def _dollars(value: Decimal, local: str | None) -> str | None:
    if local is not None and (local in WITHOUT_DOLLAR_SIGN or value < SMALLEST_PRICE.get(local, 0)):
        return "USD"
    return local


def _decimal(text: str) -> Decimal:
    if GROUPED.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", ""))
    whole, _, cents = text.replace(",", ".").rpartition(".")
    return Decimal(f"{whole.replace('.', '')}.{cents}") if whole else Decimal(cents)
