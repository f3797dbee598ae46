"""E-mail addresses and phone numbers in the one form they are compared by."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from sonik.identity import refused, trimmed
from sonik.identity.domains import ascii_host

_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MAILTO = re.compile(r"mailto:([^?]*).*", re.IGNORECASE | re.DOTALL)
_WHATSAPP = re.compile(r".*(?:wa\.me/|whatsapp\.com/send/?\?(?:.*&)?phone=)(?:\+|%2B)?([0-9]{7,15})(?![0-9]).*")
MAX_LOCAL_PART, MAX_EMAIL = 64, 254
MEXICO = 52
# Mexican mobiles were dialled with these in front of their ten digits until 2019.
_OLD_MEXICAN = re.compile(r"(?:1|44|45)([0-9]{10})")


def email(raw: str) -> str:
    """Return an e-mail address in lower case, its domain in ASCII.

    Dots and "+tags" stay: only the mail server knows whether they matter.

    Raises:
        InvalidInput: it is not one plain address.
    """
    text = _MAILTO.sub(r"\1", trimmed(raw, field="email")).strip()
    local, _, domain = text.lower().rpartition("@")
    step = "Give one address, such as hola@club.com.co."
    if not _LOCAL_PART.fullmatch(local) or len(local) > MAX_LOCAL_PART:
        raise refused(raw, "is not an e-mail address", next_step=step, field="email")
    address = f"{local}@{ascii_host(domain, raw=raw, field='email')}"
    if len(address) > MAX_EMAIL:
        raise refused(raw, f"is longer than {MAX_EMAIL} characters", next_step=step, field="email")
    return address


def phone(raw: str, *, country: str | None) -> str:
    """Return a phone number or WhatsApp link as E.164, such as "+573001234567"; an extension is dropped.

    `country` (ISO 3166, two letters) is where a number without "+" is dialled; with None it needs the "+".

    Raises:
        InvalidInput: the country is unknown, or the number is not in use there.
    """
    region = _region(country)
    text = trimmed(raw, field="phone")
    in_link = _WHATSAPP.fullmatch(text)
    if in_link:
        text = f"+{in_link[1]}"
    written = [text, f"+{text[2:]}"] if text.startswith("00") else [text]
    for candidate in written:
        number = _parsed(candidate, region)
        if number is not None:
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    where = f"in {region}" if region else "with its country"
    step = "Give one number with + and its country code, such as +57 300 123 4567."
    raise refused(raw, f"is not a valid phone number {where}", next_step=step, field="phone")


def _region(country: str | None) -> str | None:
    if country is None:
        return None
    region = country.strip().upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        step = "Give the two letters of ISO 3166, such as CO."
        raise refused(country, "is not a country", next_step=step, field="country")
    return region


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    """Return the number when it is one that can exist."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    old = _OLD_MEXICAN.fullmatch(str(number.national_number)) if number.country_code == MEXICO else None
    if old:
        number = PhoneNumber(country_code=MEXICO, national_number=int(old[1]))
    return number if phonenumbers.is_valid_number(number) else None
