import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.identity import contact

checked = settings(deadline=None, derandomize=True)

EMAILS = {
    "hola@club.com.co": "hola@club.com.co",
    " Hola@Club.COM.co\n": "hola@club.com.co",
    "<hola@club.com.co>": "hola@club.com.co",
    "'hola@club.com.co'": "hola@club.com.co",
    "mailto:hola@club.com.co": "hola@club.com.co",
    "MAILTO:Hola@club.com.co?subject=Reserva&body=Hola": "hola@club.com.co",
    "\u200bhola@club.com.co": "hola@club.com.co",
    "hola@club.com.co.": "hola@club.com.co",
    "ana+eventos@gmail.com": "ana+eventos@gmail.com",
    "a.n.a@gmail.com": "a.n.a@gmail.com",
    "o'higgins@club.cl": "o'higgins@club.cl",
    "_x-1@club.cl": "_x-1@club.cl",
    "123@club.cl": "123@club.cl",
    "a@b.co": "a@b.co",
    "hola@mail.club.com.co": "hola@mail.club.com.co",
    "hola@ñandú.cl": "hola@xn--and-6ma2c.cl",
    "hola@CAFÉ.com.co": "hola@xn--caf-dma.com.co",
    "hola@xn--caf-dma.com.co": "hola@xn--caf-dma.com.co",
    "hola@club。cl": "hola@club.cl",
    f"{'a' * 64}@club.cl": f"{'a' * 64}@club.cl",
}
NO_EMAIL = [
    "", "  ", "hola", "hola@", "@club.com.co", "hola@club", "hola@localhost", "hola@@club.cl", "a@b@club.cl",
    "a b@club.cl", ".a@club.cl", "a.@club.cl", "a..b@club.cl", "josé@club.cl", "hola@-club.cl", "hola@club..cl",
    "hola@mi_club.cl", "hola@10.0.0.1", "hola@[10.0.0.1]", '"ana maría"@club.cl', "Ana <ana@club.cl>",
    "a@club.cl, b@club.cl", "hola(at)club.cl", "https://club.cl", "mailto:", "hola@club.cl/x", "hola@i❤.ws", "no tiene",
    f"{'a' * 65}@club.cl", f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 60}.cl",
]  # fmt: skip
PHONES = [
    ("300 123 4567", "CO", "+573001234567"),
    ("(300) 123-4567", "co", "+573001234567"),
    ("300.123.4567", "CO", "+573001234567"),
    ("+57 300 123 4567", "CO", "+573001234567"),
    ("+57 300 123 4567", "MX", "+573001234567"),
    ("+57 300 123 4567", None, "+573001234567"),
    ("57 300 123 4567", "CO", "+573001234567"),
    ("0057 300 123 4567", "CO", "+573001234567"),
    ("0057 300 123 4567", None, "+573001234567"),
    ("tel:+57-300-123-4567", None, "+573001234567"),
    ("Tel. 300 123 4567 ext. 12", "CO", "+573001234567"),
    ("３００ 123 4567", "CO", "+573001234567"),
    ("\u200e300 123 4567\u200b", "CO", "+573001234567"),
    ("https://wa.me/573001234567", "MX", "+573001234567"),
    ("wa.me/573001234567?text=Hola", None, "+573001234567"),
    ("https://wa.me/+573001234567", None, "+573001234567"),
    ("https://api.whatsapp.com/send?phone=573001234567&text=hola", None, "+573001234567"),
    ("https://web.whatsapp.com/send/?text=hola&phone=%2B573001234567", None, "+573001234567"),
    ("(604) 444 1234", "CO", "+576044441234"),
    ("55 1234 5678", "MX", "+525512345678"),
    ("044 55 1234 5678", "MX", "+525512345678"),
    ("045 55 1234 5678", "MX", "+525512345678"),
    ("+52 1 55 1234 5678", "MX", "+525512345678"),
    ("https://wa.me/5215512345678", None, "+525512345678"),
    ("(11) 91234-5678", "BR", "+5511912345678"),
    ("0xx11 91234-5678", "BR", "+5511912345678"),
    ("011 15-1234-5678", "AR", "+5491112345678"),
    ("+54 11 15 1234 5678", "AR", "+5491112345678"),
    ("099 123 4567", "EC", "+593991234567"),
    ("9 8765 4321", "CL", "+56987654321"),
    ("987654321", "PE", "+51987654321"),
    ("0414-1234567", "VE", "+584141234567"),
]
NO_PHONE = [
    ("", "CO"), ("  ", "CO"), ("123", "CO"), ("112", "CO"), ("12345", "CO"), ("abc", "CO"), ("no tiene", "CO"),
    ("300 123", "CO"), ("300 123 4567", None), ("300 123 4567", "CL"), ("3001234567 / 3109876543", "CO"),
    ("+57 300 123 45678", "CO"), ("+999 300 123 4567", "CO"), ("+1 555 123 4567", "US"), ("0000000000", "CO"),
    ("1111111111", "CO"), ("wa.me/message/ABCDEF", "CO"), ("https://wa.me/", "CO"), ("hola@club.cl", "CO"),
    ("https://club.cl", "CO"), ("+", None), ("00", None), ("+52 1 1", "MX"), ("9" * 300, "CO"), ("2026-11-21", "CO"),
]  # fmt: skip
LATIN_AMERICA = ["AR", "BO", "BR", "CL", "CO", "CR", "EC", "MX", "PA", "PE", "PY", "UY", "VE"]


@pytest.mark.parametrize(("raw", "address"), EMAILS.items())
def test_an_email_is_written_in_one_form(raw: str, address: str) -> None:
    assert contact.email(raw) == address


@pytest.mark.parametrize("raw", NO_EMAIL)
def test_what_is_no_single_email_is_refused_with_a_next_step(raw: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        contact.email(raw)
    assert refusal.value.field == "email"
    assert refusal.value.next_step


@pytest.mark.parametrize(("raw", "country", "number"), PHONES)
def test_a_phone_number_becomes_international(raw: str, country: str | None, number: str) -> None:
    assert contact.phone(raw, country=country) == number


@pytest.mark.parametrize(("raw", "country"), NO_PHONE)
def test_what_is_no_single_phone_number_is_refused_with_a_next_step(raw: str, country: str | None) -> None:
    with pytest.raises(InvalidInput) as refusal:
        contact.phone(raw, country=country)
    assert refusal.value.field == "phone"
    assert refusal.value.next_step


@pytest.mark.parametrize("country", ["", "ZZ", "COL", "Colombia", "ñ"])
def test_an_unknown_country_is_named_as_the_mistake(country: str) -> None:
    with pytest.raises(InvalidInput, match="is not a country") as refusal:
        contact.phone("300 123 4567", country=country)
    assert refusal.value.field == "country"


@checked
@given(
    st.text(st.characters())
    | st.emails()
    | st.lists(st.sampled_from(["a", "@", ".", "mailto:", "club.cl", "ñ", "?", "+", "[", " "])).map("".join)
)
def test_any_text_is_a_stable_email_or_refused(raw: str) -> None:
    try:
        address = contact.email(raw)
    except InvalidInput:
        return
    assert contact.email(address) == address


@checked
@given(
    st.text(st.characters()) | st.text("0123456789+-() ") | st.from_regex(r"wa\.me/[0-9]{7,15}", fullmatch=True),
    st.sampled_from([*LATIN_AMERICA, None]),
)
def test_any_text_is_a_stable_phone_number_or_refused(raw: str, country: str | None) -> None:
    try:
        number = contact.phone(raw, country=country)
    except InvalidInput:
        return
    assert contact.phone(number, country=country) == contact.phone(number, country=None) == number
