"""Orders that a leak would need: who asks after whom, right after what, and with what of another's in hand."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from urllib.parse import quote
from uuid import uuid4

from tests.fix_mcp import Json
from tests.tenancy.callers import ORGANISATIONS, Caller
from tests.tenancy.line import Answer
from tests.tenancy.place import Place
from tests.tenancy.run import Run
from tests.tenancy.secrets import Secret, Visibility
from tests.tenancy.seed import CAME, CONVERTED
from tests.tenancy.tokens import forged, roles, withdrawn
from tests.tenancy.watchers import watched
from tools.organiser import FEW

_NUMBERS = count()
_CHANGING = re.compile(r'"(?:trace_id|as_of)": "[^"]*"|^.*?(?=\{"jsonrpc")|"id": \d+')
EVENING = "2026-11-21T22:00:00-05:00"
Order = Callable[[Place, str, str], None]


def follow_orders(place: Place) -> None:
    """Follow every order once, for the next two organisations in turn."""
    turn = next(_NUMBERS)
    owner, other = (ORGANISATIONS[(turn + step) % len(ORGANISATIONS)] for step in (0, 1 + turn % 4))
    for order in ORDERS:
        order(place, owner, other)


def _again(place: Place, owner: str, other: str) -> None:
    """The same question by one, by another and by the first again, in the same words and in others."""
    run = place.run
    name = _own(run, owner, "venue").name
    for asked in (f"qué sabemos de {name}", f"qué sabemos de {name}", f"¿Qué se sabe de {name}?", "salsa esta noche"):
        shown = []
        for who in (owner, other, owner, None, owner):
            whole = {"query": asked, "limit": 50, "max_tokens": 20_000}
            hits = run.call(run.one("reader", who), "sonik_search", whole).data.get("hits", [])
            shown.append([hit["ref"] for hit in hits])
        run.must(
            shown[0] == shown[2] == shown[4], run.one("reader", owner), f"'{asked}' has another answer the next time"
        )
        if name in asked:
            told = any(hit == _own(run, owner, "venue").ref for hit in shown[0])
            run.must(told, run.one("reader", owner), f"'{asked}' does not show its owner what is its own")


def _alike(place: Place, owner: str, other: str) -> None:
    """What is hidden and what is not there are told in the same words."""
    run, asker = place.run, place.run.one("organizer", other)
    own, session = _own(run, owner, "event"), run.seeded.sessions[owner]
    nobody, nowhere = run.secrets.new("nobody"), str(uuid4())
    pairs = [
        (own.ref, f"event-{nobody}-2026-11-21"), (own.name, f"Event {nobody}"), (own.id, nowhere),
        (f"@{own.word}", f"@{nobody}"),
    ]  # fmt: skip
    for hidden, missing in pairs:
        for method, params in _asking_for("{}"):
            _compare(run, asker, method, params, hidden, missing)
    for hidden, tool, argument, more in (
        (run.seeded.jobs[owner], "sonik_job", "job_id", {}),
        (run.seeded.traces[owner], "sonik_remember", "trace_id", {"kind": "outcome", "verdict": "useful"}),
        (session, "sonik_recall", "session_id", {}),
    ):
        params = {"name": tool, "arguments": {argument: "{}", **more}}
        _compare(run, asker, "tools/call", params, hidden, nowhere)


def _asking_for(ref: str) -> Iterator[tuple[str, Json]]:
    yield "tools/call", {"name": "sonik_get_entity", "arguments": {"ref": ref}}
    yield "tools/call", {"name": "sonik_traverse", "arguments": {"start": ref, "pattern": "neighbors"}}
    note = {"kind": "outcome", "trace_id": "0" * 16, "verdict": "useful", "refs": [ref]}
    yield "tools/call", {"name": "sonik_remember", "arguments": note}
    yield "tools/call", {"name": "sonik_resolve", "arguments": {"candidates": [{"kind": "event", "name": ref}]}}
    yield "resources/read", {"uri": f"sonik://entity/{ref}"}
    of = {"type": "ref/resource", "uri": "sonik://entity/{ref}"}
    yield "completion/complete", {"ref": of, "argument": {"name": "ref", "value": ref}}


def _compare(run: Run, asker: Caller, method: str, params: Json, hidden: str, missing: str) -> None:
    told = []
    for word in (hidden, missing):
        escaped = quote(word, safe="") if method == "resources/read" else word
        asked = json.loads(json.dumps(params).replace("{}", escaped))
        text = _CHANGING.sub("", run.ask(asker, method, asked).text)
        told.append(text.replace(escaped, "?").replace(word, "?"))
    run.must(
        told[0] == told[1], asker, f"{method} tells what is hidden from what is not there:\n  {told[0]}\n  {told[1]}"
    )


def _changes(place: Place, owner: str, other: str) -> None:
    """What was private becomes public and private again: others see it then, and not before and after."""
    run, writer, asker = place.run, place.run.one("ingest", owner), place.run.one("reader", other)
    word, deep = run.secrets.new(owner), run.secrets.new(owner, deep=True)
    record: Json = {
        "kind": "event", "name": f"Baile {word}", "source_id": word, "description": f"Con {deep}.",
        "market": "medellin", "starts_at": EVENING, "genres": ["salsa"],
    }  # fmt: skip
    asks: tuple[tuple[str, Json], ...] = (
        ("sonik_search", {"query": f"Baile {word}"}), ("sonik_search", {"query": "salsa esta noche", "limit": 50}),
        ("sonik_whats_on", {"when": "tonight", "market": "medellin", "limit": 50}),
        ("sonik_get_entity", {"ref": f"Baile {word}"}),
        ("sonik_traverse", {"start": f"Baile {word}", "pattern": "neighbors"}),
    )  # fmt: skip
    steps: tuple[Visibility, ...] = ("org", "public", "org", "staff")
    for visibility in steps:
        if visibility == "public":
            _show(run, word, deep)
        told = {**record, "visibility": visibility}
        _written(run, writer, told, projected=visibility == "public")
        for secret in (run.secrets.by_word[word], run.secrets.by_word[deep]):
            secret.visibility = visibility
        seen = [deep in run.call(asker, tool, arguments).text for tool, arguments in asks]
        seen += [deep in run.call(run.one("reader", None), tool, arguments).text for tool, arguments in asks]
        run.must(any(seen) is (visibility == "public"), asker, f"an event that is {visibility} now: seen {seen}")


def _show(run: Run, *words: str) -> None:
    for word in words:
        run.secrets.by_word[word].visibility = "public"


def _meetings(place: Place, owner: str, other: str) -> None:
    """Others deliver in public what an organisation has in private: they are told nothing of it, nor is anybody."""
    run, writer, rival = place.run, place.run.one("ingest", owner), place.run.one("ingest", other)
    handle, deep = run.secrets.new(owner, "public"), [run.secrets.new(owner, deep=True) for _ in range(3)]
    own: Json = {
        "kind": "venue", "name": f"Casa {deep[0]}", "instagram": handle, "description": f"Con {deep[1]}.",
        "address": f"Calle {deep[2]}", "visibility": "org", "market": "medellin",
    }  # fmt: skip
    _written(run, writer, own)
    public: Json = {"kind": "venue", "name": f"Sala {handle}", "instagram": handle, "market": "medellin"}
    hosted = {"name": f"Sala {handle}", "instagram": handle}
    night: Json = {
        "kind": "event", "name": f"Fiesta {handle}", "starts_at": EVENING, "venue": hosted, "market": "medellin"
    }  # fmt: skip
    for records in ([public], [night]):
        rehearsed = {"records": records, "source": "agenda", "dry_run": True}
        told = run.call(rival, "sonik_upsert", rehearsed).data
        run.must(
            told.get("receipts", [{}])[0].get("outcome") == "created", rival, f"a receipt tells of a secret: {told}"
        )
    for private in (True, False):
        record = {**public, **({"visibility": "org"} if private else {})}
        _written(run, rival, record)
        for asker in (rival, run.one("reader", other), run.one("reader", None), run.one("content", None)):
            for method, params in _asking_for(f"@{handle}"):
                run.ask(asker, method, params)
            run.call(asker, "sonik_get_entity", {"ref": f"@{handle}", "include": ["sources", "history", "relations"]})
            run.call(asker, "sonik_search", {"query": f"Sala {handle}", "response_format": "detailed"})


def _handed_over(place: Place, owner: str, other: str) -> None:
    """Cursors, traces, jobs and idempotency keys of one in the hands of another are of no use."""
    run, asker, rival = place.run, place.run.one("reader", owner), place.run.one("reader", other)
    asked = {"when": "tonight", "market": "medellin", "limit": 1}
    cursor = run.call(asker, "sonik_whats_on", asked).data["next_cursor"]
    for who in (rival, run.one("organizer", owner), run.one("reader", None)):
        refused = run.call(who, "sonik_whats_on", {**asked, "cursor": cursor})
        run.must(refused.refused, who, "a cursor of another is good for it")
    run.must(
        not run.call(asker, "sonik_whats_on", {**asked, "cursor": cursor}).refused, asker, "its own cursor is refused"
    )
    word, deep = run.secrets.new(owner), run.secrets.new(owner, deep=True)
    record = {"kind": "artist", "name": f"Banda {word}", "description": deep, "visibility": "org"}
    key = {"idempotency_key": f"key-{word}", "source": "agenda", "dry_run": False}
    first = run.call(run.one("ingest", owner), "sonik_upsert", {**key, "records": [record]})
    again = run.call(run.one("ingest", owner), "sonik_upsert", {**key, "records": [record]})
    run.must(first.data["receipts"] == again.data["receipts"], asker, "a repeated key has other receipts")
    harmless = [{"kind": "artist", "name": f"Banda {uuid4().hex}"}]
    theirs = run.call(run.one("ingest", other), "sonik_upsert", {**key, "records": harmless})
    run.must(not theirs.refused, rival, f"a key that another used is refused: {theirs.text}")


def _reported(place: Place, owner: str, other: str) -> None:
    """An organizer is told of their own campaigns and events, of few people only that they are few; no one else is."""
    run, asker, rival = place.run, place.run.one("organizer", owner), place.run.one("organizer", other)
    for topic, kind, figure, ours, staffs in (
        ("campaigns", "campaign", "converted", CONVERTED // 5 * 5, CONVERTED),
        ("events", "event", "attended", FEW, CAME),
    ):
        own, asked = _own(run, owner, kind), {"topic": topic, "limit": 50, "max_tokens": 20_000}
        told = _figures(run.call(asker, "sonik_insights", asked), own.ref)
        run.must(told.get(figure) == ours, asker, f"of {topic} it is told {told}")
        run.call(rival, "sonik_insights", asked)
        refused = [run.call(rival, "sonik_insights", {**asked, "organisation": name}) for name in (owner, "nobody")]
        alike = [_CHANGING.sub("", one.text) for one in refused]
        run.must(alike[0] == alike[1] and refused[0].refused, rival, f"it asks after {topic} of {owner}: {alike[0]}")
        whole = _figures(run.call(run.one("staff", None), "sonik_insights", {**asked, "organisation": owner}), own.ref)
        run.must(whole.get(figure) == staffs, run.one("staff", None), f"of {topic} it is told {whole}")


def _figures(answer: Answer, ref: str) -> Json:
    found = (item["figures"] for item in answer.data.get("items", []))
    return next((figures for figures in found if figures["ref"] == ref), {})


def _written(run: Run, writer: Caller, record: Json, *, projected: bool = True) -> Answer:
    told = {"records": [record], "source": "agenda", "dry_run": False}
    answer = run.call(writer, "sonik_upsert", {**told, "wait_for": "projected" if projected else "committed"})
    counts = answer.data.get("counts", {"refused": 1})
    run.must(not counts["refused"], writer, f"a record was refused: {answer.text}")
    return answer


class _Own:
    """A private thing of an organisation, by its name, ref and id."""

    def __init__(self, run: Run, owner: str, kind: str) -> None:
        names = {one.word for one in run.secrets.of(owner) if one.visibility == "org"}
        self.name = next(
            name for name in run.seeded.names if name.startswith(kind.title()) and name.split()[-1] in names
        )
        at = next(place for place, ref in enumerate(run.seeded.refs) if self.name.split()[-1] in ref)
        self.word = next(word for word in run.seeded.words if word in names and word not in self.name)
        self.ref, self.id = run.seeded.refs[at], run.seeded.refs[at + 1]


def _own(run: Run, owner: str, kind: str) -> _Own:
    return _Own(run, owner, kind)


def planted(run: Run) -> Secret:
    """Publish what the oracle counts among an organisation's secrets: a run that does not find it finds nothing."""
    word = run.secrets.new(ORGANISATIONS[0], deep=True)
    record = {"kind": "venue", "name": "Sala Plantada", "description": f"Con {word}.", "market": "medellin"}
    _written(run, run.one("ingest", ORGANISATIONS[0]), record)
    run.call(run.one("reader", ORGANISATIONS[1]), "sonik_get_entity", {"ref": "Sala Plantada", "include": ["sources"]})
    return run.secrets.by_word[word]


ORDERS: tuple[Order, ...] = (
    _again, _alike, _changes, _meetings, _handed_over, _reported, forged, roles, withdrawn, watched
)  # fmt: skip
