import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.identity import instagram

checked = settings(deadline=None, derandomize=True)

ONE_HANDLE = [
    "salon.amador",
    "@salon.amador",
    "@Salon.Amador",
    " SALON.AMADOR ",
    "'@salon.amador'",
    "IG: @salon.amador",
    "ig:salon.amador",
    "ig @salon.amador",
    "Insta - @salon.amador",
    "Instagram: @salon.amador",
    "Instagram: https://instagram.com/salon.amador",
    "instagram | salon.amador",
    "https://www.instagram.com/salon.amador/",
    "https://www.instagram.com/salon.amador",
    "http://instagram.com/salon.amador",
    "HTTPS://WWW.INSTAGRAM.COM/SALON.AMADOR/",
    "https://www.instagram.com:443/salon.amador/",
    "https://www.instagram.com./salon.amador/",
    "www.instagram.com/salon.amador",
    "instagram.com/salon.amador",
    "m.instagram.com/salon.amador/",
    "//instagram.com/salon.amador",
    "instagr.am/salon.amador",
    "https://instagram.com//salon.amador//",
    "https://instagram.com/@salon.amador",
    "https://instagram.com/%40salon.amador",
    "https%3A%2F%2Fwww.instagram.com%2Fsalon.amador%2F",
    "https://instagram.com/salon%2Eamador",
    "https://instagram.com/salon.amador?igsh=MWQ1ZGUxMzBkMA==",
    "https://instagram.com/salon.amador/?igshid=abc&utm_source=qr",
    "https://instagram.com/salon.amador/?hl=es-la#seccion",
    "@salon.amador?igsh=abc",
    "/salon.amador/",
    "/salon.amador/?hl=es",
    "salon.amador/",
    "@salon.amador/reels",
    "https://instagram.com/salon.amador/reels/",
    "https://instagram.com/salon.amador/tagged/",
    "https://instagram.com/salon.amador/p/CxYz123/",
    "https://instagram.com/salon.amador/reel/CxYz123/?igsh=1",
    "https://instagram.com/_u/salon.amador",
    "https://instagram.com/stories/salon.amador/3141592653589793238/",
    "instagram://user?username=salon.amador",
    "intent://www.instagram.com/_u/salon.amador/#Intent;package=com.instagram.android;scheme=https;end",
    "intent://user?username=salon.amador#Intent;scheme=instagram;end",
    "https://ig.me/m/salon.amador",
    "ig.me/m/salon.amador?ref=web",
    "https://www.threads.net/@salon.amador",
    "threads.com/@salon.amador",
    "https://threads.com/@salon.amador/post/DAbc123",
    "https://l.instagram.com/?u=https%3A%2F%2Fwww.instagram.com%2Fsalon.amador%2F%3Figsh%3D1&e=AT0abc",
    "https://l.facebook.com/l.php?u=https%3A%2F%2Finstagram.com%2Fsalon.amador&h=AT1",
    "\u200b@salon\u200d.amador\u200e",
    "<https://instagram.com/salon.amador>",
    "“salon.amador”",
]
OTHER_HANDLES = {"_": "_", "1975": "1975", "@club.cl": "club.cl", "a" * 30: "a" * 30, "_.a._": "_.a._"}
NO_HANDLE = [
    "",
    "   ",
    "@",
    "@@salon",
    ".salon",
    "salon.",
    "@salon.",
    "sa..lon",
    "a" * 31,
    "peña",
    "\u212aelvin",
    "salon-amador",
    "salón amador",
    "@uno @dos",
    "hola@club.com.co",
    "#salon",
    "none",
    "N/A",
    "null",
    "undefined",
    "instagram",
    "instagram.com",
    "www.instagram.com",
    "https://www.instagram.com/",
    "https://www.instagram.com/?hl=es",
    "https://instagram.com/p/CxYz123/",
    "https://instagram.com/P/CxYz123/",
    "/p/CxYz123/",
    "https://instagram.com/reel/CxYz123/",
    "https://instagram.com/reels/CxYz123/",
    "https://instagram.com/tv/CxYz123/",
    "https://instagram.com/s/aGlnaGxpZ2h0",
    "https://instagram.com/share/BAabc",
    "https://instagram.com/explore/",
    "https://instagram.com/explore/tags/salsa/",
    "https://instagram.com/explore/locations/1/bogota/",
    "https://instagram.com/stories/",
    "https://instagram.com/stories/highlights/178/",
    "https://instagram.com/accounts/login/?next=/salon.amador/",
    "https://instagram.com/direct/t/340/",
    "https://instagram.com/legal/privacy/",
    "https://instagram.com/developer/",
    "https://instagram.com/_u/explore",
    "https://instagram.com/salon.amador/unknown",
    "explore",
    "@accounts",
    "https://notinstagram.com/salon.amador",
    "notinstagram.com",
    "https://instagram.com.evil.io/salon.amador",
    "instagram.com.evil.io",
    "https://instagram.com@evil.io/salon.amador",
    "https://user@instagram.com/salon.amador",
    "https://help.instagram.com/123",
    "https://facebook.com/salon.amador",
    "https://threads.net/t/CxYz123",
    "https://threads.net/salon.amador",
    "https://ig.me/salon.amador",
    "https://l.instagram.com/?u=https%3A%2F%2Fclub.com.co",
    "https://l.instagram.com/",
    "instagram://media?id=1",
    "instagram://user",
    "ftp://instagram.com/salon.amador",
    "https://instagram.com:port/salon.amador",
    "http://[::1",
    "www.club.com.co",
    "salon.amador " * 400,
]
PIECES = """
    https:// // / @ %40 ?u= ? # : . [ instagram.com l.instagram.com ig: threads.net ig.me m p stories _u reels club
    Salon_1 instagram://user?username=
"""
ADDRESSES = st.lists(st.sampled_from([*PIECES.split(), " ", "\u200b"]), max_size=8).map("".join)


@pytest.mark.parametrize("raw", ONE_HANDLE)
def test_every_form_of_a_profile_gives_its_handle(raw: str) -> None:
    assert instagram.normalise(raw) == "salon.amador"


@pytest.mark.parametrize(("raw", "handle"), OTHER_HANDLES.items())
def test_unusual_handles_are_handles(raw: str, handle: str) -> None:
    assert instagram.normalise(raw) == handle


@pytest.mark.parametrize("raw", NO_HANDLE)
def test_what_names_no_profile_is_refused_with_a_next_step(raw: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        instagram.normalise(raw)
    assert refusal.value.field == "instagram"
    assert refusal.value.next_step


@pytest.mark.parametrize("segment", sorted(instagram.RESERVED - {"stories"}))
def test_instagrams_own_pages_are_nobodys_handle(segment: str) -> None:
    for raw in (segment, f"@{segment}", f"https://www.instagram.com/{segment}/", f"https://instagram.com/{segment}/x/"):
        with pytest.raises(InvalidInput):
            instagram.normalise(raw)


def test_a_refusal_says_what_was_wrong_with_which_value() -> None:
    with pytest.raises(InvalidInput) as refusal:
        instagram.normalise("https://instagram.com/p/CxYz123/")
    assert str(refusal.value) == (
        "'https://instagram.com/p/CxYz123/' is a post or a shared link, which names no profile. "
        "Give the profile's handle, such as @salonamador, or the profile's address."
    )


def test_the_canonical_address_leads_back_to_the_handle() -> None:
    assert instagram.url("salon.amador") == "https://www.instagram.com/salon.amador/"
    assert instagram.normalise(instagram.url("salon.amador")) == "salon.amador"


@checked
@given(st.text(st.characters()) | ADDRESSES)
def test_any_text_is_a_stable_handle_or_refused(raw: str) -> None:
    try:
        handle = instagram.normalise(raw)
    except InvalidInput:
        return
    assert instagram.normalise(handle) == handle
    assert instagram.normalise(instagram.url(handle)) == handle


@checked
@given(st.from_regex(r"[a-z0-9_]{1,10}(\.[a-z0-9_]{1,10})?", fullmatch=True))
def test_the_forms_of_any_handle_agree(handle: str) -> None:
    forms = (handle, f"@{handle.upper()}", f"IG: @{handle}", instagram.url(handle), f"threads.net/@{handle}")
    results = set()
    for form in forms:
        try:
            results.add(instagram.normalise(form))
        except InvalidInput:
            results.add("")
    assert results in ({handle}, {""})
