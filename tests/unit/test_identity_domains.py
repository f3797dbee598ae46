import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.identity import domains

checked = settings(deadline=None, derandomize=True)

DOMAINS = {
    "club.com.co": "club.com.co",
    "CLUB.COM.CO": "club.com.co",
    " club.com.co. ": "club.com.co",
    "www.club.com.co": "club.com.co",
    "https://club.com.co": "club.com.co",
    "http://www.club.com.co/": "club.com.co",
    "HTTPS://Club.Com.Co:8443/eventos?mes=11#hoy": "club.com.co",
    "//club.com.co/x": "club.com.co",
    "club.com.co:80": "club.com.co",
    "tienda.blog.club.com.co": "club.com.co",
    "www.www.club.com.co": "club.com.co",
    "<https://club.com.co>": "club.com.co",
    "\u200bclub.com.co\u200b": "club.com.co",
    "club。com。co": "club.com.co",
    "club.cl": "club.cl",
    "a.b.club.co.uk": "club.co.uk",
    "club.ec": "club.ec",
    "club.com.br": "club.com.br",
    "club.gob.mx": "club.gob.mx",
    "www.com": "www.com",
    "café.com.co": "xn--caf-dma.com.co",
    "CAFÉ.com.co": "xn--caf-dma.com.co",
    "xn--caf-dma.com.co": "xn--caf-dma.com.co",
    "www.ñandú.cl": "xn--and-6ma2c.cl",
    "club.wixsite.com/mi-sitio": "club.wixsite.com",
    "www.club.wixsite.com": "club.wixsite.com",
    "otro.wixsite.com": "otro.wixsite.com",
    "foo.blogspot.com": "foo.blogspot.com",
    "club.github.io": "club.github.io",
    "club.wordpress.com/2026": "club.wordpress.com",
    "a.club.negocio.site": "club.negocio.site",
    "https://l.instagram.com/?u=https%3A%2F%2Fclub.com.co%2F&e=AT0": "club.com.co",
    "https://lm.facebook.com/l.php?u=https%3A%2F%2Fwww.club.com.co%2F": "club.com.co",
    "https://www.google.com/url?q=https://club.com.co/x&sa=D": "club.com.co",
    "https://www.google.com/url?sa=t&url=https%3A%2F%2Fclub.com.co": "club.com.co",
    "movistararena.cl": "movistararena.cl",
    "mifacebook.com": "mifacebook.com",
    "linktr.ee.club.com": "club.com",
    "www.vibra.example": "vibra.example",
}
PLATFORMS = [
    "linktr.ee", "https://linktr.ee/club", "beacons.ai/club", "bio.link/club", "https://lnk.bio/club",
    "taplink.cc/club", "eventbrite.com", "https://www.eventbrite.com.ar/o/club-1", "club.eventbrite.com",
    "eventbrite.cl", "tuboleta.com", "https://tuboleta.com/es/eventos/x", "passline.com", "vip.passline.com",
    "home.passline.cl", "ticketmaster.com.mx", "joinnus.com", "teleticket.com.pe", "puntoticket.com", "sympla.com.br",
    "ra.co", "boletia.com", "club.boletia.com", "https://ra.co/clubs/1", "residentadvisor.net", "dice.fm",
    "shotgun.live", "buenplan.com.ec", "instagram.com/club", "www.instagram.com", "m.facebook.com/club",
    "fb.com/club", "fb.me/e/1", "threads.net/@club", "wa.me/573001234567", "api.whatsapp.com/send?phone=57300",
    "t.me/club", "x.com/club", "twitter.com/club", "tiktok.com/@club", "youtube.com/@club", "youtu.be/abc",
    "open.spotify.com/artist/1", "soundcloud.com/club", "club.bandcamp.com", "bit.ly/abc", "maps.app.goo.gl/abc",
    "google.com/maps", "sites.google.com/view/club", "wixsite.com", "www.wixsite.com", "wix.com", "blogspot.com",
    "wordpress.com", "carrd.co", "negocio.site", "webflow.io", "gmail.com", "hotmail.com", "outlook.es",
    "yahoo.com.ar", "forms.gle/abc", "bucket.s3.amazonaws.com", "d111.cloudfront.net",
    "https://l.instagram.com/?u=https%3A%2F%2Flinktr.ee%2Fclub", "https://l.instagram.com/",
]  # fmt: skip
NO_DOMAIN = [
    "", "   ", ".", "..", "https://", "http:///x", "club", "localhost", "http://localhost:3000", "club.localhost",
    "club.local", "club.invalidtld", "com.co", "co.uk", "com", "10.0.0.1", "http://192.168.1.1/x", "１０.0.0.1",
    "2130706433", "0x7f.1", "127.1", "http://[::1]/", "http://[::1", "[fe80::1%25eth0]", "1.2.3.4.5",
    "hola@club.com.co", "https://user:pw@club.com.co", "https://club.com.co@evil.io", "mailto:hola@club.com.co",
    "javascript:alert(1)", "javascript://club.com.co", "ftp://club.com.co", "file:///etc/passwd", "data:text/html,x",
    "club com.co", "club.com.co, otro.com.co", "-club.com", "club-.com", "mi_club.com", "i❤.ws", "club..com",
    "xn--a.com", "club.com:abc", "club.com:99999", "a" * 64 + ".com", ".".join(["abc"] * 80) + ".com", "n/a",
    "no tiene", "club.com/" + "x" * 3000,
]  # fmt: skip
PIECES = "https:// // / www. club . .com .com.co wixsite.com ñ xn-- @ :80 [ ] 1 ?u= l.instagram.com .ck .example - 。"
ADDRESSES = st.lists(st.sampled_from([*PIECES.split(), " "])).map("".join)


@pytest.mark.parametrize(("raw", "domain"), DOMAINS.items())
def test_an_address_gives_the_registrable_domain(raw: str, domain: str) -> None:
    assert domains.normalise(raw) == domain


@pytest.mark.parametrize("raw", PLATFORMS)
def test_a_platforms_page_is_nobodys_domain(raw: str) -> None:
    with pytest.raises(InvalidInput, match="is a platform page, not an organisation's own domain") as refusal:
        domains.normalise(raw)
    assert refusal.value.next_step


@pytest.mark.parametrize("raw", NO_DOMAIN)
def test_what_has_no_public_domain_is_refused_with_a_next_step(raw: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        domains.normalise(raw)
    assert refusal.value.field == "website"
    assert refusal.value.next_step


@pytest.mark.parametrize("name", sorted(domains.PLATFORM_DOMAINS | domains.SITE_BUILDERS))
def test_every_listed_platform_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="is a platform page"):
        domains.normalise(f"https://www.{name}/club")


@pytest.mark.parametrize("name", sorted(domains.SITE_BUILDERS))
def test_every_customer_of_a_site_builder_has_a_domain(name: str) -> None:
    assert domains.normalise(f"https://www.club.{name}/inicio") == f"club.{name}"


def test_a_host_keeps_its_subdomain() -> None:
    assert domains.host("https://Tickets.Club.com.co/x") == "tickets.club.com.co"


@checked
@given(st.text(st.characters()) | ADDRESSES)
def test_any_text_is_a_stable_domain_or_refused(raw: str) -> None:
    try:
        domain = domains.normalise(raw)
    except InvalidInput:
        return
    assert domains.normalise(domain) == domain
    assert domains.normalise(f"https://www.{domain}/x") == domain
