"""Calls that anybody would make, nearly all of them answered: what is there, by every name, ref, word and beginning."""

from collections.abc import Sequence
from urllib.parse import quote

from hypothesis import strategies as st

from sonik.memory.notes import VERTEX_OF
from sonik.retrieval.describe import TOPICS
from sonik.retrieval.entity import SECTIONS
from sonik.retrieval.patterns import PATTERNS
from tests.fix_mcp import Json
from tests.fuzz.calls import Call
from tests.fuzz.values import Values
from tests.tenancy.bait import Bait
from tools.insights import TOPICS as INSIGHTS

MARKET = {"market": "medellin"}
WHOLE = {"response_format": "detailed"}
KINDS = ("venue", "artist", "event", "person", "organization", "brand", "concept")
BEGINNINGS = ("zx", "Venue zx", "sala", "Event", "Manual", "neb")


def plain_calls(target: str, bait: Bait) -> st.SearchStrategy[Call]:
    """Return the plain calls of a target."""
    known = bait.known()
    if target not in BY_METHOD:
        told = st.fixed_dictionaries(
            _arguments(target, bait), optional={name: known[name] for name in MORE.get(target, ())}
        )
        return told.map(lambda arguments: _call(target, "tools/call", {"name": target, "arguments": arguments}))
    return BY_METHOD[target](bait).map(lambda params: _call(target, target, params))


def _arguments(tool: str, bait: Bait) -> dict[str, Values]:
    known, formats = bait.known(), st.sampled_from(["concise", "detailed"])
    every: dict[str, dict[str, Values]] = {
        "sonik_search": {"query": known["query"], "response_format": formats, "limit": st.sampled_from([3, 50])},
        "sonik_whats_on": {
            "when": known["when"], "market": st.just("medellin"), "response_format": formats,
            "limit": st.sampled_from([3, 50]),
        },
        "sonik_get_entity": {"ref": known["ref"], "include": _some(SECTIONS), "response_format": formats},
        "sonik_traverse": {
            "start": known["ref"], "response_format": formats,
            "pattern": st.one_of(st.just("neighbors"), st.sampled_from(sorted(PATTERNS))),
        },
        "sonik_describe": {"topic": st.sampled_from(sorted(TOPICS))},
        "sonik_resolve": {"candidates": st.lists(_candidates(bait), min_size=1, max_size=3)},
        "sonik_recall": {"query": st.one_of(st.just(""), known["query"]), "kinds": _some(tuple(VERTEX_OF))},
        "sonik_insights": {"topic": st.sampled_from(sorted(INSIGHTS)), "limit": st.just(50)},
        "sonik_job": {"job_id": known["job_id"]},
        "sonik_remember": {
            "kind": st.just("outcome"), "trace_id": known["trace_id"], "verdict": st.sampled_from(["useful", "wrong"]),
        },
        "sonik_upsert": {
            "records": st.lists(known["records"], min_size=1, max_size=2), "source": known["source"],
            "dry_run": known["dry_run"],
        },
    }  # fmt: skip
    return every[tool]


MORE = {
    "sonik_recall": ("session_id",), "sonik_upsert": ("idempotency_key",), "sonik_insights": ("organisation",)
}  # fmt: skip


def _some(values: Sequence[str]) -> Values:
    return st.lists(st.sampled_from(values), max_size=4, unique=True)


def _candidates(bait: Bait) -> Values:
    known = bait.known()
    return st.fixed_dictionaries(
        {"kind": st.sampled_from(KINDS), "name": known["name"]},
        optional={"identifiers": st.fixed_dictionaries({"instagram": bait.words})},
    )


def _resources(bait: Bait) -> Values:
    entity = bait.known()["ref"].map(lambda ref: f"sonik://entity/{quote(ref, safe='')}")
    return st.one_of(entity, entity, st.just("sonik://market/medellin/tonight")).map(lambda uri: {"uri": uri})


def _completions(bait: Bait) -> Values:
    typed = st.one_of(st.sampled_from(BEGINNINGS), bait.known()["name"].map(lambda name: name[:12]))
    return typed.map(
        lambda value: {
            "ref": {"type": "ref/resource", "uri": "sonik://entity/{ref}"}, "argument": {"name": "ref", "value": value}
        }
    )  # fmt: skip


def _prompts(bait: Bait) -> Values:
    return bait.known()["interest"].map(
        lambda interest: {"name": "explore_market", "arguments": {"market": "medellin", "interest": interest}}
    )


BY_METHOD = {"resources/read": _resources, "completion/complete": _completions, "prompts/get": _prompts}


def _call(target: str, method: str, params: Json) -> Call:
    return Call(target=target, family="valid", method=method, params=params)
