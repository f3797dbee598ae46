"""A real browser with a page that plays the host of an MCP App."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Frame, Page, async_playwright

from server import graph_view

CHROMIUM = Path("/usr/bin/chromium")
HOST = Path(__file__).parent / "browser" / "host.html"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_MS = 20_000
Json = dict[str, Any]


class Host:
    """A host that shows the graph view, and what the two say to each other."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.outside: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.outside.append(request.url))
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def view(self) -> Frame:
        """The frame of the view."""
        return self.page.frames[1]

    async def open(self, **context: Any) -> None:
        """Show the view in a host of some theme and language, and wait until it is ready."""
        await self.page.set_content(HOST.read_text(encoding="utf-8"))
        await self.page.evaluate("([html, told]) => open(html, told)", [graph_view.page(), context])
        await self.page.wait_for_function("heard.some((one) => one.method === 'ui/notifications/initialized')")

    async def show(self, result: Json) -> None:
        """Hand over the result of a tool call, and wait until it is drawn."""
        await self.tell("ui/notifications/tool-result", {"content": [], "structuredContent": result})
        await self.view.wait_for_function("(all) => document.querySelectorAll('.node').length >= all", arg=1)

    async def tell(self, method: str, params: Json) -> None:
        """Send the view a notification."""
        await self.page.evaluate("(message) => tell(message)", {"method": method, "params": params})

    async def heard(self, method: str) -> list[Json]:
        """Return what the view said by one method."""
        said: list[Json] = await self.page.evaluate("heard")
        return [one for one in said if one.get("method") == method]


@asynccontextmanager
async def browsing() -> AsyncIterator[Page]:
    """Yield a page of a browser of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": 900, "height": 640})
        page.set_default_timeout(WAIT_MS)
        yield page
        await browser.close()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """A host in a browser; skipped where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}; Debian, Ubuntu: apt-get install chromium")
    async with browsing() as page:
        yield Host(page)
