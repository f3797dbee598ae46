import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.identity import places
from sonik.identity.places import PlaceId

checked = settings(deadline=None, derandomize=True)

OFFICE = "ChIJN1t_tDeuEmsRUsoyG83frY4"
PAIR = "0x6b12ae37b47f5b37:0x8eaddfcd1b32ca52"
CID = 10281119596374313554
OTHER_PAIR = "0x6b12ae37b47f5b37:0x8eaddfcd1b32ca53"
ADDRESS = "EicxMyBNYXJrZXQgU3QsIFdpbG1pbmd0b24sIE5DIDI4NDAxLCBVU0E"
# 169 bytes of text, so its length takes two bytes.
LONG_ADDRESS = (
    "EqkBQ2FsbGUgMTAgIyA0MC0yMCwgRWwgUG9ibGFkbywgTWVkZWxsw61uLCBBbnRpb3F1aWEsIENvbG9tYmlhLCBmcmVudGUgYWwgcGFycXVlIExs"
    "ZXJhcywgZWRpZmljaW8gYXp1bCwgc2VndW5kbyBwaXNvLCBhbCBsYWRvIGRlbCB0ZWF0cm8gcGVxdWXDsW8gZGUgbGEgZXNxdWluYSBub3J0ZSB5"
    "IHN1cg"
)
POINT = "GhIJQWDl0CIeQUARxks3icF8U8A"

ONE_PLACE = [
    OFFICE,
    f" {OFFICE}\n",
    f"\u200b{OFFICE}",
    f"'{OFFICE}'",
    f"places/{OFFICE}",
    f"place_id:{OFFICE}",
    f"PLACE_ID:{OFFICE}",
    PAIR,
    PAIR.upper().replace("0X", "0x"),
    f"https://www.google.com/maps/place/?q=place_id:{OFFICE}",
    f"https://www.google.com/maps/place/?q=place_id%3A{OFFICE}",
    f"https://www.google.com/maps/search/?api=1&query=Google&query_place_id={OFFICE}",
    f"https://www.google.com.co/maps/search/?api=1&query=Google&query_place_id={OFFICE}",
    f"https://search.google.com/local/writereview?placeid={OFFICE}",
    f"https://maps.googleapis.com/maps/api/place/details/json?place_id={OFFICE}&fields=name",
    f"https://www.google.com/maps/embed/v1/place?q=place_id:{OFFICE}",
    f"https://www.google.com/maps/place/Google/@-33.86,151.19,17z/data=!3m1!4b1!4m6!3m5!1s{PAIR}!8m2!3d-33.8!4d151.1",
    f"www.google.cl/maps/place/Google/data=!4m2!3m1!1s{PAIR}",
    f"//maps.google.com.mx/maps/place/Google/data=!4m2!3m1!1s{PAIR}",
    f"https://www.google.com/maps/place/Google/data=!4m2!3m1!1s{PAIR.replace(':', '%3A')}",
    f"https://www.google.com/maps/place/Google/data=%214m2%213m1%211s{PAIR}",
    f"https://www.google.com/maps/embed?pb=!1m18!1m12!1m3!1d3312!2m3!1f0!3m3!1m2!1s{PAIR.replace(':', '%3A')}!2sGoogle",
    f"https://www.google.com/maps/place/Google/data=!4m7!3m6!1s{PAIR}!8m2!3d-33!4d151!16s%2Fg%2F1!19s{OFFICE}",
    f"https://maps.google.com/?ftid={PAIR}",
    f"https://maps.google.com/maps?q=Google&ftid={PAIR}&hl=es",
    f"https://maps.google.com/?cid={CID}&place_id={OFFICE}",
    f"https://www.google.com/url?q=https://www.google.com/maps/place/%3Fq%3Dplace_id:{OFFICE}&sa=D",
]
WARNED = [
    PlaceId(value=ADDRESS, kind="address", warning="this place id stands for an address"),
    PlaceId(value=LONG_ADDRESS, kind="address", warning="this place id stands for an address"),
    PlaceId(value=POINT, kind="other", warning="this place id stands for something other than a business"),
    PlaceId(
        value="IhoSGAoUChIJN1t_tDeuEmsRUsoyG83frY4QAQ",
        kind="other",
        warning="this place id stands for something other than a business",
    ),
    PlaceId(
        value="xyzxyzxyzxyzxyzxyzxyzx", kind="other", warning="this place id stands for something other than a business"
    ),
    PlaceId(value=OFFICE + "QAQ", kind="other", warning="this place id is longer than a business id"),
]
REFUSED = {
    "": "is empty",
    "ChIJN1t_tDeu...": "is truncated",
    "ChIJN1t_tDeu…": "is truncated",
    "ChIJN1t_tDeu": "is truncated",
    "ChIJ": "is truncated",
    OFFICE[:-1]: "is truncated",
    f"place_id:{OFFICE[:20]}": "is truncated",
    ADDRESS[:-4]: "is truncated",
    LONG_ADDRESS[:-40]: "is truncated",
    POINT[:-5]: "is truncated",
    OFFICE[:-1] + "5": "is mistyped",
    OFFICE[:15] + "S" + OFFICE[16:]: "is mistyped",
    f"https://www.google.com/maps/place/?q=place_id:{OFFICE[:-2]}+4": "is mistyped",
    "hola": "is too short",
    "tienda": "is too short",
    "10281119596374313554": "is an identifier of another system",
    "8a1f0c3e-1111-4222-8333-444455556666": "is an identifier of another system",
    "Salón Amador": "is not a web address",
    f"{OFFICE} {OFFICE}": "is not a web address",
    "club.com.co": "is neither a place id nor a Google Maps address",
    f"https://evil.io/?place_id={OFFICE}": "is neither a place id nor a Google Maps address",
    f"https://google.com.evil.io/maps?place_id={OFFICE}": "is neither a place id nor a Google Maps address",
    f"https://notgoogle.com/maps?place_id={OFFICE}": "is neither a place id nor a Google Maps address",
    "https://maps.app.goo.gl/AbCd": "is a short link",
    "goo.gl/maps/AbCd": "is a short link",
    f"https://maps.google.com/?cid={CID}": "holds only a cid",
    "https://www.google.com/maps/@4.6,-74.1,15z": "names no place id",
    "https://www.google.com/maps/search/bares": "names no place id",
    "https://www.google.com/maps?q=Bogota": "names no place id",
    f"https://www.google.com/maps/dir/A/B/data=!1m2!1m1!1s{PAIR}!1m1!1s{OTHER_PAIR}": "names several places",
    "0x0:0x8eaddfcd1b32ca52": "holds half a place id",
    "https://www.google.com/maps/place/X/data=!1s0x0:0x8eaddfcd1b32ca52": "holds half a place id",
}
WORDS = st.integers(1, 2**64 - 1)
PIECES = "https:// www.google.com /maps ? & q=place_id: ftid= cid=1 !1s 0x : [ % … EicxMyBN"
ADDRESSES = st.lists(st.sampled_from([*PIECES.split(), " ", PAIR, OFFICE, OFFICE[:9], ADDRESS]), max_size=8).map(
    "".join
)


@pytest.mark.parametrize("raw", ONE_PLACE)
def test_every_form_of_a_place_gives_its_id(raw: str) -> None:
    assert places.normalise(raw) == PlaceId(value=OFFICE, kind="business")


@pytest.mark.parametrize("place", WARNED, ids=lambda place: place.value[:12])
def test_an_id_that_is_no_business_is_kept_with_a_warning(place: PlaceId) -> None:
    assert places.normalise(place.value) == place


@pytest.mark.parametrize(("raw", "reason"), REFUSED.items())
def test_what_names_no_single_place_is_refused_with_the_reason(raw: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        places.normalise(raw)
    assert reason in refusal.value.message
    assert refusal.value.field == "google_place_id"
    assert refusal.value.next_step


def test_a_business_id_converts_to_what_maps_addresses_carry() -> None:
    assert places.to_hex_pair(OFFICE) == PAIR
    assert places.from_hex_pair(PAIR) == OFFICE
    assert places.cid(OFFICE) == CID


@pytest.mark.parametrize("value", [ADDRESS, OFFICE[:-1], "", "ñ" * 27, "!" * 27])
def test_only_a_business_id_converts(value: str) -> None:
    with pytest.raises(InvalidInput, match="is not a business id"):
        places.to_hex_pair(value)
    with pytest.raises(InvalidInput, match="is not a business id"):
        places.cid(value)


@pytest.mark.parametrize("pair", ["", "0x1", "1:2", "0x1:0x", "0x1:0xg", f"0x{'f' * 17}:0x1"])
def test_only_a_hex_pair_converts_back(pair: str) -> None:
    with pytest.raises(InvalidInput, match="is not a pair of hexadecimal numbers"):
        places.from_hex_pair(pair)


@checked
@given(WORDS, WORDS)
def test_ids_and_hex_pairs_convert_both_ways(first: int, second: int) -> None:
    place_id = places.from_hex_pair(f"{first:#x}:{second:#x}")
    assert len(place_id) == places.BUSINESS_LENGTH
    assert places.to_hex_pair(place_id) == f"{first:#x}:{second:#x}"
    assert places.cid(place_id) == second
    assert places.normalise(place_id) == PlaceId(value=place_id, kind="business")


@checked
@given(WORDS, WORDS, st.integers(1, 26))
def test_no_shortened_business_id_passes(first: int, second: int, length: int) -> None:
    place_id = places.from_hex_pair(f"{first:#x}:{second:#x}")
    with pytest.raises(InvalidInput):
        places.normalise(place_id[:length])


@checked
@given(st.text(st.characters()) | ADDRESSES | st.from_regex(r"[A-Za-z0-9_-]{20,40}", fullmatch=True))
def test_any_text_is_a_stable_place_or_refused(raw: str) -> None:
    try:
        place = places.normalise(raw)
    except InvalidInput:
        return
    assert places.normalise(place.value) == place
