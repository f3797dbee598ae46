"""Web addresses, and the domain an organisation owns: the registrable one, never a platform's page."""

import re
from functools import cache
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from sonik.errors import InvalidInput
from sonik.identity import refused, trimmed

FIELD = "website"
# Platforms under many country endings: the label before the public suffix decides.
_BRANDS = """
    airbnb amazon atrapalo blogspot eventbrite eventim facebook google hotmail ingresse instagram joinnus linkedin
    livepass mercadolibre mercadolivre mercadopago opentable outlook passline paypal pinterest rappi residentadvisor
    seetickets spotify stubhub sympla teleticket thefork ticketek ticketmaster ticketplus tiktok tripadvisor tuboleta
    twitter viagogo welcu wikipedia yahoo yelp youtube
"""
PLATFORM_NAMES = frozenset(_BRANDS.split())
_LINK_HUBS = """
    allmylinks.com beacons.ai beacons.page bio.link bio.site biolinky.co campsite.bio direct.me flow.page flowcode.com
    hoo.be instabio.cc komi.io liinks.co linkbio.co linkin.bio linkpop.com linkr.bio linktr.ee linktree.com lnk.bio
    many.link milkshake.app msha.ke shor.by snipfeed.co solo.to stan.store tap.bio taplink.at taplink.cc znap.link
    adj.st app.link bit.ly buff.ly cutt.ly goo.gl is.gd onelink.me ow.ly page.link qrco.de rb.gy rebrand.ly shorturl.at
    t.ly tiny.cc tinyurl.com
"""
_SOCIAL = """
    discord.com discord.gg fb.com fb.me fb.watch ig.me instagr.am kick.com kwai.com lnkd.in m.me messenger.com meta.com
    reddit.com snapchat.com t.co t.me telegram.me telegram.org threads.com threads.net tumblr.com twitch.tv vimeo.com
    vk.com wa.link wa.me walink.co whatsapp.com x.com youtu.be
"""
_MUSIC = """
    apple.com audiomack.com bandcamp.com beatport.com deezer.com discogs.com fanlink.to ffm.to found.ee genius.com
    hypeddit.com imdb.com last.fm linkfire.com lnk.to mixcloud.com musicbrainz.org orcd.co shazam.com smarturl.it
    songwhip.com soundcloud.com spoti.fi tidal.com toneden.io wikidata.org
"""
_TICKETS_AND_LISTINGS = """
    allaccess.com.ar allevents.in alpogo.com autoentrada.com bandsintown.com bilheteriadigital.com blueticket.com.br
    boletia.com boletomovil.com boletopolis.com buenplan.com.ec colboletos.com dice.fm enterticket.es entradas.com
    entradauno.com entradium.com eticket.mx eticketablanca.com eventrid.cl feverup.com fourvenues.com guichelive.com.br
    ingresso.com ingressorapido.com.br latiquetera.com lu.ma luma.com meaple.com.br meet2go.com meetup.com
    minhaentrada.com.br partiful.com plateanet.com posh.vip puntoticket.com ra.co redtickets.uy shotgun.live skiddle.com
    songkick.com superboletos.com taquillalive.com tickantel.com.uy ticket360.com.br ticketcode.co ticketea.com
    ticketea.com.py ticketfacil.ec tickets.com ticketshow.com.ec ticketswap.com tickeri.com tixr.com todotix.com
    tuentrada.com uhuu.com universe.com vivaticket.com weezevent.com wegow.com xceed.me zig.tickets
    booking.com foursquare.com ifood.com.br openstreetmap.org pedidosya.com ubereats.com waze.com
"""
_TOOLS_AND_STORAGE = """
    canva.com dropbox.com forms.gle jotform.com medium.com mpago.la notion.so paypal.me squarespace.com substack.com
    typeform.com wetransfer.com wix.com wompi.co akamaized.net amazonaws.com cdninstagram.com cloudfront.net fbcdn.net
    googleapis.com googleusercontent.com gstatic.com
"""
_MAILBOXES = """
    aol.com bol.com.br gmail.com googlemail.com icloud.com live.cl live.com live.com.ar live.com.mx me.com msn.com
    proton.me protonmail.com terra.com.br uol.com.br ymail.com
"""
# Platforms under one ending; every host below them is theirs too.
PLATFORM_DOMAINS = frozenset(
    f"{_LINK_HUBS} {_SOCIAL} {_MUSIC} {_TICKETS_AND_LISTINGS} {_TOOLS_AND_STORAGE} {_MAILBOXES}".split()
)
# Builders that give each customer a name below theirs. Those in the public suffix list stand here for the refusal.
_BUILDERS = """
    bigcartel.com business.site cargo.site carrd.co empretienda.com.ar godaddysites.com hotglue.me jimdofree.com
    jimdosite.com mailchimpsites.com mitiendanube.com my.canva.site myshopify.com negocio.site netlify.app notion.site
    site123.me square.site strikingly.com systeme.io ueniweb.com vercel.app web.app webflow.io webnode.com
    webnode.com.br webnode.es webnode.mx webnode.page weebly.com wixsite.com wixstudio.com wordpress.com
"""
SITE_BUILDERS = frozenset(_BUILDERS.split())
# Pages that only forward to the address in a parameter.
_FORWARDERS = {
    "l.facebook.com": "u", "l.instagram.com": "u", "l.threads.com": "u", "l.threads.net": "u", "lm.facebook.com": "u",
}  # fmt: skip
# RFC 2606 keeps it free for samples, so no list of public suffixes has it.
_SAMPLE_SUFFIX = "example"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def normalise(raw: str) -> str:
    """Return the registrable domain, ASCII and lower case, of a domain or web address.

    A customer's name at a site builder counts: "club.wixsite.com" is one domain, "otro.wixsite.com" another.

    Raises:
        InvalidInput: it has no host, the host cannot be public, or it belongs to a platform.
    """
    name = _without_www(host(raw))
    if _is_platform(name):
        raise _refused(raw, "is a platform page, not an organisation's own domain")
    domain = _registrable(name)
    if domain is None:
        known = _suffixes().publicsuffix(name) is not None
        reason = "is an ending that many owners share" if known else "does not end in a public suffix"
        raise _refused(raw, reason)
    return domain


def host(raw: str) -> str:
    """Return the host, ASCII and lower case, of a domain or web address.

    Raises:
        InvalidInput: there is no public host in it.
    """
    link = read_link(trimmed(raw, field=FIELD), raw=raw, field=FIELD)
    if link.scheme not in {"http", "https"}:
        raise _refused(raw, "is no http or https address")
    return ascii_host(link.hostname or "", raw=raw, field=FIELD)


def ascii_host(name: str, *, raw: str, field: str) -> str:
    """Return a host name in its ASCII form; `raw` is what a refusal shows.

    Raises:
        InvalidInput: it is an IP address, local, or no host name.
    """
    step = f"Give a public host name for {field}, such as club.com.co."
    try:
        encoded = idna.encode(name, uts46=True).decode("ascii").removesuffix(".")
    except UnicodeError as error:
        reason = "is an IP address" if _is_ip(name) else "has no valid host name"
        raise refused(raw, reason, next_step=step, field=field) from error
    *parents, last = encoded.split(".")
    if _NUMBER.fullmatch(last):
        raise refused(raw, "is an IP address or ends like one", next_step=step, field=field)
    if not parents or last == "localhost":
        raise refused(raw, "names a local host, not a public one", next_step=step, field=field)
    return encoded


def read_link(text: str, *, raw: str, field: str) -> SplitResult:
    """Split a web address, with or without a scheme; a forwarding page is read as what it forwards to.

    `raw` is what a refusal shows.

    Raises:
        InvalidInput: it cannot be read, or it carries a user name.
    """
    link = _split(text, raw=raw, field=field)
    parameter = _forwards_by(link)
    targets = parse_qs(link.query).get(parameter) if parameter else None
    return _split(targets[0], raw=raw, field=field) if targets else link


def _split(text: str, *, raw: str, field: str) -> SplitResult:
    reason, step = "is not a web address", f"Give {field} as one address, without spaces or a user name."
    try:
        link = urlsplit(text if _SCHEME.match(text) else f"https://{text.removeprefix('//')}")
        has_user = "@" in link.netloc or link.port == 0  # a port that is no number raises
    except ValueError as error:
        raise refused(raw, reason, next_step=step, field=field) from error
    if has_user or len(text.split()) != 1:
        raise refused(raw, reason, next_step=step, field=field)
    return link


def _forwards_by(link: SplitResult) -> str | None:
    name = link.hostname or ""
    if link.path == "/url" and name in {"google.com", "www.google.com"}:
        return "q" if "q=" in link.query else "url"
    return _FORWARDERS.get(name)


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _without_www(name: str) -> str:
    while name.startswith("www.") and name.count(".") > 1:
        name = name.removeprefix("www.")
    return name


def _is_platform(name: str) -> bool:
    if name in SITE_BUILDERS:
        return True
    labels = name.split(".")
    if any(".".join(labels[start:]) in PLATFORM_DOMAINS for start in range(len(labels) - 1)):
        return True
    domain = _suffixes().privatesuffix(name) or name
    return domain.partition(".")[0] in PLATFORM_NAMES


def _registrable(name: str) -> str | None:
    labels = name.split(".")
    if labels[-1] == _SAMPLE_SUFFIX:
        return ".".join(labels[-2:])
    domain = _suffixes().privatesuffix(name)
    if domain in SITE_BUILDERS:
        return f"{name.removesuffix(f'.{domain}').rpartition('.')[2]}.{domain}"
    return domain


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def _refused(raw: str, reason: str) -> InvalidInput:
    step = "Give the domain of its own website, or leave it out; a profile goes to its own field."
    return refused(raw, reason, next_step=step, field=FIELD)
