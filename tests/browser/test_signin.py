"""Signing in with a real browser: by keyboard alone, readable in light and dark, and loading nothing from elsewhere."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page

from tests.fix_browser import CHROMIUM, browsing
from tests.fix_desk import PASSWORD, Office

pytestmark = pytest.mark.anyio

AA = 4.5
HOSTILE = "<img src=x onerror='window.broken=1'>"
SHOTS = os.environ.get("SONIK_SCREENSHOTS")
# The contrast of every text with what is behind it, by WCAG 2.2, 1.4.3.
CONTRASTS = """() => {
  const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = rgb(color).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    const color = getComputedStyle(one).backgroundColor;
    const parts = rgb(color);
    return parts.length === 4 && parts[3] === 0 ? ground(one.parentElement) : color;
  };
  const own = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const typed = "input:not([type=hidden])";
  const told = [...document.body.querySelectorAll("*")].filter((one) => own(one) || one.matches(typed));
  return told.map((one) => {
    const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((x, y) => y - x);
    return [one.tagName + " " + one.textContent.trim().slice(0, 30), (a + 0.05) / (b + 0.05)];
  });
}"""


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of a browser of its own; skipped where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}; Debian, Ubuntu: apt-get install chromium")
    async with browsing() as opened:
        yield opened


async def shoot(page: Page, name: str) -> None:
    """Keep a picture where the environment wants one."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


async def labelled(page: Page) -> list[str]:
    """Return what has the focus, as a screen reader would name it."""
    named = "(one) => [one.tagName.toLowerCase(), one.labels?.[0]?.textContent ?? one.textContent.trim()]"
    told: list[str] = await page.evaluate(f"({named})(document.activeElement)")
    return told


async def test_somebody_signs_in_and_out_by_keyboard_alone(page: Page, lobby: Office) -> None:
    await lobby.add("Teclado")
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{lobby.served.base}/desk?lang=es")
    assert await labelled(page) == ["input", "Nombre"]
    await page.keyboard.type("teclado")
    await page.keyboard.press("Tab")
    assert await labelled(page) == ["input", "Contraseña"]
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk?lang=es")
    assert await page.get_by_role("heading", level=1).all_text_contents() == ["Mesa de trabajo"]
    assert await page.get_by_role("definition").first.text_content() == "Teclado"
    await page.keyboard.press("Tab")
    assert await labelled(page) == ["a", "Ir al contenido"]
    for _ in range(2):
        await page.keyboard.press("Tab")
    assert await labelled(page) == ["button", "Salir"]
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/signin?out=1")
    assert await page.get_by_role("status").text_content() == "Has salido."
    assert {url.startswith(f"{lobby.served.base}/") for url in asked} == {True}
    assert complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_text_stands_out_in_light_and_dark(
    page: Page, lobby: Office, theme: Literal["light", "dark"]
) -> None:
    name = f"Inés {theme}"
    await lobby.add(name)
    await page.emulate_media(color_scheme=theme)
    await page.goto(f"{lobby.served.base}/signin?lang=es")
    await shoot(page, f"signin-{theme}")
    pale = await page.evaluate(CONTRASTS)
    await page.get_by_label("Nombre").fill(name)
    await page.get_by_label("Contraseña").fill("otra cosa del todo")
    await page.get_by_role("button", name="Entrar").click()
    assert await page.get_by_role("alert").text_content() == "El nombre o la contraseña no son correctos."
    assert await labelled(page) == ["input", "Contraseña"]
    await shoot(page, f"wrong-{theme}")
    pale += await page.evaluate(CONTRASTS)
    await page.get_by_label("Contraseña").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Mesa de trabajo").wait_for()
    await shoot(page, f"desk-{theme}")
    await page.set_viewport_size({"width": 360, "height": 640})
    await shoot(page, f"desk-phone-{theme}")
    wide = await page.evaluate("document.documentElement.scrollWidth")
    pale += await page.evaluate(CONTRASTS)
    assert wide <= 360
    assert len(pale) > 25
    assert [(text, ratio) for text, ratio in pale if ratio < AA] == []


async def test_a_hostile_name_is_text(page: Page, lobby: Office) -> None:
    await lobby.add(HOSTILE)
    await page.goto(f"{lobby.served.base}/signin?lang=en")
    await page.get_by_label("Name").fill(HOSTILE)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Desk").wait_for()
    assert await page.get_by_role("definition").first.text_content() == HOSTILE
    assert await page.evaluate("window.broken") is None
    assert await page.locator("main img").count() == 0


async def test_a_page_of_another_site_cannot_sign_somebody_out_or_frame_the_desk(page: Page, lobby: Office) -> None:
    await lobby.add("Marco")
    await page.goto(f"{lobby.served.base}/signin?lang=en")
    await page.get_by_label("Name").fill("Marco")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Desk").wait_for()
    token = await page.locator("input[name=form_token]").first.get_attribute("value")
    await page.goto("data:text/html,<title>elsewhere</title>")
    await page.set_content(
        f"<form method=post action={lobby.served.base}/signout><input name=form_token value={token}></form>"
        f"<iframe src={lobby.served.base}/signin></iframe>"
    )
    assert not await page.frames[1].get_by_label("Password").count()
    async with page.expect_navigation():
        await page.evaluate("document.forms[0].submit()")
    await page.goto(f"{lobby.served.base}/desk")
    assert await page.get_by_role("heading", level=1).text_content() == "Desk"
