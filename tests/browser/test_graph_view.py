"""The graph view in a real browser, fed by a page that plays the host: what is drawn, said, and never let in."""

import re
from typing import Any

import pytest
from mcp import Client
from mcp.server.apps import APP_MIME_TYPE
from mcp_types import TextResourceContents

from server import graph_view
from tests.fix_browser import Host
from tests.fix_mcp import data_of

pytestmark = pytest.mark.anyio

HOSTILE = "<img src=x onerror='window.broken=1'><script>window.broken=1</script>"
DETAILED = {"start": "nebula", "pattern": "neighbors", "response_format": "detailed", "limit": 20}
Json = dict[str, Any]


def hit(ref: str, name: str, *steps: tuple[str, str, float], kind: str = "artist") -> Json:
    """Return a hit by the steps that lead there."""
    told = [
        {"edge": edge, "direction": "out", "weight": weight, "graph": "operations", "ref": to, "name": to}
        for edge, to, weight in steps
    ]
    told[-1] |= {"ref": ref, "name": name}
    return {"ref": ref, "kind": kind, "name": name, "score": 0.5, "path": "", "steps": told}


def found(*hits: Json, name: str = "Nébula") -> Json:
    """Return the result of a traversal."""
    return {"start": {"name": name, "ref": "nebula"}, "total": len(hits), "hits": list(hits)}


async def texts(host: Host, selector: str) -> list[str]:
    """Return the texts of some elements of the view."""
    return await host.view.locator(selector).all_text_contents()


async def test_the_view_is_listed_and_the_tool_points_to_it(memory_client: Client) -> None:
    listed = {str(one.uri): one for one in (await memory_client.list_resources()).resources}
    (content,) = (await memory_client.read_resource(graph_view.URI)).contents
    tools = {tool.name: tool for tool in (await memory_client.list_tools()).tools}
    assert isinstance(content, TextResourceContents)
    assert listed[graph_view.URI].mime_type == content.mime_type == APP_MIME_TYPE
    assert content.text == graph_view.page()
    assert {name: tool.meta for name, tool in tools.items() if tool.meta} == {
        "sonik_traverse": {"ui": {"resourceUri": graph_view.URI}}
    }


def test_the_page_names_no_address_and_lets_run_only_what_stands_in_it() -> None:
    page = graph_view.page()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page) == []
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", page)


@pytest.mark.parametrize("form", ["detailed", "concise"])
async def test_a_traversal_is_drawn_with_its_kinds_and_weights(host: Host, memory_client: Client, form: str) -> None:
    asked = {**DETAILED, "max_hops": 1, "response_format": form, "max_tokens": 6_000}
    result = data_of(await memory_client.call_tool("sonik_traverse", asked))
    await host.open(theme="light", locale="es-CO")
    await host.show(result)
    drawn = await host.view.eval_on_selector_all(".edge", "all => all.map((one) => Number(one.dataset.weight))")
    assert await host.view.locator(".node").count() == len(result["hits"]) + 1
    assert sorted(drawn) == sorted(float(one["path"].split(" ")[2]) for one in result["hits"])
    assert (await texts(host, "#title")) == [f"{result['total']} desde Nébula"]
    assert set(await texts(host, "#legend li")) >= {"Evento", "Artista"}
    widths = await host.view.eval_on_selector_all(
        ".edge line:not(.reach)", "all => all.map((one) => Number(one.getAttribute('stroke-width')))"
    )
    assert [weight for _, weight in sorted(zip(widths, drawn, strict=True))] == sorted(drawn)
    assert host.complaints == []
    assert [url for url in host.outside if not url.startswith("about:")] == []


async def test_a_hostile_name_is_text(host: Host) -> None:
    await host.open(theme="dark", locale="en")
    await host.show(found(hit("x", HOSTILE, ("PERFORMS_AT", "x", 0.9), kind="event"), name=HOSTILE))
    await host.view.locator(".node:not(.start)").focus()
    await host.page.keyboard.press("Enter")
    assert await texts(host, "#card h2") == [HOSTILE]
    assert await texts(host, "#title") == [f"1 from {HOSTILE}"]
    assert await host.view.evaluate("window.broken") is None
    assert await host.view.locator("img, #nodes script").count() == 0
    assert host.outside == [url for url in host.outside if url.startswith("about:")]


async def test_keys_walk_over_the_graph_and_open_and_close_what_is_known(host: Host) -> None:
    await host.open(theme="light", locale="pt-BR")
    plays, held = ("PERFORMS_AT", "e", 0.9), ("HOSTED_BY", "v", 0.4)
    await host.show(found(hit("e", "Baile", plays, kind="event"), hit("v", "Casa", plays, held, kind="venue")))
    assert await host.view.locator(".node").count() == 3
    await host.view.locator(".node.start").focus()
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        await host.page.keyboard.press(key)
    focused = "document.activeElement.getAttribute('aria-label')"
    assert await host.view.evaluate(focused) in {"Nébula, Artista", "Baile, Evento", "Casa, Local"}
    await host.page.keyboard.press("Enter")
    assert await host.view.locator("#card").is_visible()
    before = await host.view.locator("#world").get_attribute("transform")
    await host.page.keyboard.press("+")
    assert await host.view.locator("#world").get_attribute("transform") != before
    await host.page.keyboard.press("Escape")
    assert not await host.view.locator("#card").is_visible()


async def test_what_is_around_a_node_is_asked_of_the_host_and_added(host: Host) -> None:
    await host.open(theme="light", locale="en")
    around = found(hit("v", "Casa", ("HOSTED_BY", "v", 0.8), kind="venue")) | {"start": {"name": "Baile", "ref": "e"}}
    await host.page.evaluate("(told) => { answers = told }", {"e": {"structuredContent": around, "content": []}})
    await host.show(found(hit("e", "Baile", ("PERFORMS_AT", "e", 0.9), kind="event")))
    await host.view.locator(".node:not(.start)").click()
    await host.view.locator("#card .more").click()
    await host.view.wait_for_function("document.querySelectorAll('.node').length === 3")
    (call,) = await host.heard("tools/call")
    assert call["params"]["arguments"] == {"start": "e", "pattern": "neighbors", "response_format": "detailed"}
    assert await texts(host, "#title") == ["2 from Nébula"]


async def test_nonsense_and_failures_break_nothing(host: Host) -> None:
    await host.open(theme="light", locale="xx")
    await host.tell("ui/notifications/tool-result", {"isError": True, "content": []})
    assert await texts(host, "#empty") == ["The traversal failed."]
    odd = {"hits": [{"ref": 7, "name": None, "path": "“a” >X 0.5", "steps": [{"weight": "NaN"}]}], "total": "many"}
    await host.show(odd)
    await host.tell(
        "ui/notifications/host-context-changed", {"theme": "dark", "styles": {"variables": {"--color-x": 3}}}
    )
    await host.tell("ui/nothing", {})
    assert await host.view.evaluate("document.documentElement.dataset.theme") == "dark"
    await host.show(found(hit("e", "Baile", ("PERFORMS_AT", "e", 0.9))))
    assert await host.view.locator(".node").count() == 2
    assert host.complaints == []
