"""People sign in over HTTP, and nobody in their place: forged forms, fixed sessions, guesses, other hosts' names."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2
import pytest

from sonik.engine import Engine
from sonik.types import Scope
from tests.fix_desk import LOCAL, PASSWORD, STAFF, Office, Visitor, token_in
from tests.fix_http import AUDIENCE, Served, serving

OK, SEE_OTHER, FORBIDDEN, TOO_MANY = 200, 303, 403, 429
PUBLIC = AUDIENCE.removesuffix("/mcp")
HOSTILE = "<script>alert('x')</script>\"'&"
BROWSER_TOKEN = "A" * 43


pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def ines(lobby: Office) -> str:
    """Somebody of the content team."""
    await lobby.add("Inés", organisation="acme")
    return "Inés"


async def test_somebody_signs_in_works_at_the_desk_and_signs_out(lobby: Office, ines: str) -> None:
    visitor = lobby.visitor()
    sent_there = visitor.get("/desk?queue=claims")
    assert (sent_there.status_code, sent_there.headers["location"]) == (
        SEE_OTHER,
        "/signin?next=%2Fdesk%3Fqueue%3Dclaims",
    )
    entered = visitor.sign_in(ines, next="/desk?queue=claims")
    assert (entered.status_code, entered.headers["location"]) == (SEE_OTHER, "/desk?queue=claims")
    inside = visitor.get("/desk")
    assert inside.status_code == OK
    assert all(f"<dd>{told}</dd>" in inside.text for told in ("Inés", "Contenido", "acme"))
    assert visitor.get("/signin").headers["location"] == "/desk"

    left = visitor.post("/signout", {"form_token": token_in(inside)})
    assert (left.status_code, left.headers["location"]) == (SEE_OTHER, "/signin?out=1")
    assert visitor.session is None
    assert visitor.get("/desk").status_code == SEE_OTHER


async def test_what_ends_a_session_ends_it_on_every_worker_at_once(lobby: Office) -> None:
    await lobby.add("Marta")
    first, second = lobby.visitor(), lobby.visitor()
    changes = (
        partial(lobby.people.change_password, password=PASSWORD), partial(lobby.people.change_role, role="human"),
        lobby.people.revoke,
    )  # fmt: skip
    for change in changes:
        for visitor in (first, second):
            assert visitor.sign_in("marta").status_code == SEE_OTHER
        assert {lobby.visitor_with(first.session).get("/desk").status_code for _ in range(8)} == {OK}
        await change("Marta", scope=STAFF)
        for visitor in (first, second):
            told = {lobby.visitor_with(visitor.session).get("/desk").status_code for _ in range(8)}
            assert told == {SEE_OTHER}
    assert first.sign_in("marta").status_code == FORBIDDEN


async def test_signing_out_everywhere_ends_what_other_browsers_have(lobby: Office, ines: str) -> None:
    here, elsewhere, other = lobby.visitor(), lobby.visitor(), lobby.visitor()
    await lobby.add("Otra")
    for visitor, name in ((here, ines), (elsewhere, ines), (other, "Otra")):
        visitor.sign_in(name)
    here.post("/signout", {"form_token": here.form("/desk"), "where": "everywhere"})
    assert [visitor.get("/desk").status_code for visitor in (here, elsewhere, other)] == [SEE_OTHER, SEE_OTHER, OK]


async def test_a_form_without_its_token_or_with_anothers_does_nothing(lobby: Office, ines: str) -> None:
    visitor, stranger = lobby.visitor(), lobby.visitor()
    before = visitor.form()
    good = {"name": ines, "password": PASSWORD}
    for token in ("", "0" * 64, stranger.form(), before[:-1], before.upper() + "é"):
        refused = visitor.post("/signin", {**good, "form_token": token})
        assert (refused.status_code, visitor.session) == (FORBIDDEN, None)
        assert "Este formulario ya no vale" in refused.text
    assert visitor.post("/signin", good).status_code == FORBIDDEN

    assert visitor.post("/signin", {**good, "form_token": before}).status_code == SEE_OTHER
    stranger.sign_in(ines)
    for reused in (before, stranger.form("/desk"), ""):
        assert visitor.post("/signout", {"form_token": reused}).status_code == FORBIDDEN
    old = visitor.form("/desk")
    assert visitor.get("/desk").status_code == OK
    visitor.post("/signout", {"form_token": old})
    visitor.sign_in(ines)
    assert visitor.post("/signout", {"form_token": old}).status_code == FORBIDDEN


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:1"},
     {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "", "sec-fetch-site": ""},
     {"content-type": "text/plain"}, {"content-type": "multipart/form-data; boundary=x"}],
    ids=str,
)  # fmt: skip
async def test_a_form_from_another_site_or_none_of_ours_does_nothing(
    lobby: Office, ines: str, headers: dict[str, str]
) -> None:
    visitor = lobby.visitor()
    visitor.sign_in(ines)
    refused = visitor.post("/signout", {"form_token": visitor.form("/desk")}, **headers)
    assert refused.status_code == FORBIDDEN
    assert visitor.get("/desk").status_code == OK


async def test_a_session_that_was_put_into_a_browser_beforehand_is_never_signed_in(lobby: Office, ines: str) -> None:
    visitor = lobby.visitor()
    visitor.cookies.set("sonik-session", BROWSER_TOKEN, domain="127.0.0.1")
    assert visitor.get("/desk").status_code == SEE_OTHER
    visitor.sign_in(ines)
    assert visitor.session not in {None, BROWSER_TOKEN}
    assert lobby.visitor_with(BROWSER_TOKEN).get("/desk").status_code == SEE_OTHER
    again = visitor.session
    visitor.post("/signin", {"form_token": visitor.form("/desk"), "name": ines, "password": PASSWORD})
    assert visitor.session != again
    assert lobby.visitor_with(again).get("/desk").status_code == SEE_OTHER  # the browser's last one ended with it


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
     "javascript:x", "/desk\r\nset-cookie: x=1", "evil.example", "", "/" + "x" * 3_000],
    ids=repr,
)  # fmt: skip
async def test_nobody_is_led_to_another_host_after_signing_in(lobby: Office, ines: str, wanted: str) -> None:
    visitor = lobby.visitor()
    entered = visitor.sign_in(ines, next=wanted)
    assert (entered.status_code, entered.headers["location"]) == (SEE_OTHER, "/desk")
    assert visitor.get("/signin", params={"next": wanted}).headers["location"] == "/desk"


async def test_a_hostile_name_is_text_wherever_it_is_shown(lobby: Office) -> None:
    await lobby.add(HOSTILE)
    visitor = lobby.visitor()
    failed = visitor.sign_in(HOSTILE, "otra cosa del todo")
    entered = visitor.sign_in(HOSTILE)
    inside = visitor.get("/desk")
    assert [failed.status_code, entered.status_code, inside.status_code] == [FORBIDDEN, SEE_OTHER, OK]
    for page in (failed, inside):
        assert "<script" not in page.text
        assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&#34;&#39;&amp;" in page.text


async def test_an_unknown_name_gets_the_answer_of_a_wrong_password(lobby: Office, ines: str) -> None:
    told = []
    for name in (ines, "Nadie"):
        visitor = lobby.visitor()
        failed = visitor.sign_in(name, "otra cosa del todo")
        text = failed.text.replace(visitor.form(), "").replace(name, "")
        told.append((failed.status_code, text, sorted(failed.headers), visitor.session))
    assert told[0] == told[1]
    assert "El nombre o la contraseña no son correctos." in told[0][1]


async def test_guesses_are_bounded_over_both_workers_and_from_one_address(medellin_home: Path, lobby: Office) -> None:
    await lobby.add("Blanco")
    with serving(medellin_home, workers=2, SONIK_SIGNIN_ATTEMPTS_PER_MINUTE="1", **LOCAL) as served:
        guessed = Visitor(served).sign_in("Blanco", "intento número uno")
        late = Visitor(served).sign_in(" BLANCO")  # also with the right password
        assert [guessed.status_code, late.status_code] == [FORBIDDEN, TOO_MANY]
        assert 0 < int(late.headers["retry-after"]) <= 60
        assert "Demasiados intentos" in late.text
        # Four in all from an address, of which one comes back in fifteen seconds.
        others = [Visitor(served).sign_in(f"Otro {n}").status_code for n in range(12)]
        assert others[:3] == [FORBIDDEN] * 3
        assert TOO_MANY in others


async def test_pages_load_nothing_are_framed_nowhere_and_kept_by_nobody(lobby: Office, ines: str) -> None:
    visitor = lobby.visitor()
    visitor.sign_in(ines)
    for path in ("/signin?out=1", "/desk", "/desk?lang=en"):
        page = visitor.get(path)
        assert page.headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; "
            "base-uri 'none'"
        )
        assert page.headers["cache-control"] == "no-store"
        assert page.headers.get_list("referrer-policy") == ["same-origin"]
        assert page.headers.get_list("x-content-type-options") == ["nosniff"]
        assert "style=" not in page.text
        assert "http:" not in page.text.replace(visitor.base, "")
    for name, kind in {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}.items():
        asset = lobby.visitor().get(f"/web/{name}")
        assert (asset.status_code, asset.headers["content-type"]) == (OK, kind)
    assert lobby.visitor().get("/web/../front.py").status_code == 404


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(lobby: Office, ines: str) -> None:
    visitor = lobby.visitor()
    asked = visitor.get("/signin").headers.get_list("set-cookie")
    entered = visitor.sign_in(ines).headers.get_list("set-cookie")
    set_session = next(cookie for cookie in entered if cookie.startswith("sonik-session="))
    for cookie in (*asked, set_session):
        assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"path=/", "httponly", "samesite=lax"}


async def test_behind_https_cookies_are_secure_and_of_this_host_alone(
    serve_http: Callable[..., Served], medellin_home: Path, ines: str
) -> None:
    served = serve_http(medellin_home)  # its public address is https
    host = {"host": PUBLIC.removeprefix("https://")}
    asked = served.ask("GET", "/signin", headers=host)
    (cookie,) = asked.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-sonik-form=")
    assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    sent = {"form_token": token_in(asked), "name": ines, "password": PASSWORD}
    kept = {**host, "cookie": cookie.partition(";")[0]}
    for origin, status in (("http://mcp.sonik.example", FORBIDDEN), (PUBLIC, SEE_OTHER)):
        told = served.ask("POST", "/signin", headers={**kept, "origin": origin}, data=sent)
        assert told.status_code == status
    session = next(one for one in told.headers.get_list("set-cookie") if one.startswith("__Host-sonik="))
    assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in session.split(";")}
    inside = served.ask("GET", "/desk", headers={**host, "cookie": session.partition(";")[0]})
    assert inside.status_code == OK


async def test_nobody_signs_in_in_the_clear_from_another_machine_and_pages_can_be_off(
    serve_http: Callable[..., Served], medellin_home: Path
) -> None:
    inner = serve_http(medellin_home, SONIK_HTTP_HOSTS="sonik", **LOCAL)
    refused = inner.ask("GET", "/signin", headers={"host": "sonik", "accept-language": "pt"})
    assert refused.status_code == FORBIDDEN
    assert "A conexão não é cifrada" in refused.text
    assert "password" not in refused.text
    off = serve_http(medellin_home, SONIK_WEB="off", **LOCAL)
    assert [off.ask("GET", path).status_code for path in ("/signin", "/desk", "/web/style.css")] == [404] * 3


@pytest.mark.parametrize(
    ("headers", "query", "says"),
    [({}, "", "Entra con el nombre"), ({"accept-language": "pt-BR,pt;q=0.9,en;q=0.8"}, "", "Entre com o nome"),
     ({"accept-language": "de, en;q=0.7, es;q=0.3"}, "", "Sign in with the name"),
     ({"accept-language": "en"}, "?lang=pt", "Entre com o nome"),
     ({"accept-language": "x;q=x,,,;"}, "?lang=de", "Entra con")],
)  # fmt: skip
async def test_pages_speak_the_language_of_the_browser_or_the_chosen_one(
    lobby: Office, headers: dict[str, str], query: str, says: str
) -> None:
    visitor = lobby.visitor(**headers)
    assert says in visitor.get(f"/signin{query}").text
    assert says in visitor.get("/signin").text  # a choice is remembered


async def test_a_session_acts_as_a_key_of_the_role_would(market: Engine, lobby: Office, ines: str) -> None:
    visitor = lobby.visitor()
    visitor.sign_in(ines)
    signed_in = await market.sessions.check(str(visitor.session))
    assert signed_in is not None
    assert signed_in.person.scope == Scope(role="content", organisation="acme", user="Inés")


async def test_a_session_opens_no_tools_and_a_key_no_desk(lobby: Office, ines: str) -> None:
    visitor = lobby.visitor()
    visitor.sign_in(ines)
    headers = {"accept": "application/json, text/event-stream"}
    called = visitor.ask("POST", "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers)
    assert called.status_code == httpx2.codes.UNAUTHORIZED
    as_session = lobby.visitor(authorization=f"Bearer {visitor.session}")
    assert as_session.get("/desk").status_code == SEE_OTHER
