"""Private data of every kind in the names of five organisations, beside, around and inside of a public market."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.ingest.samples import medellin
from sonik.memory.notes import Told
from sonik.retrieval.question import Question
from sonik.types import JsonObject, JsonValue, Scope
from tests.fix_engine import NOW
from tests.tenancy.callers import ORGANISATIONS
from tests.tenancy.secrets import Secrets, Visibility

TONIGHT = "2026-11-21T21:30:00-05:00"
# Of the sample market: what organisations speak of in private.
PUBLIC_VENUE: JsonObject = {"name": "Nébula", "instagram": "nebula"}
PUBLIC_ARTIST: JsonObject = {"name": "Loma y Bongó", "instagram": "lomaybongo"}
SHARED_NAME = "Sala Compartida"
RANDOM_SOURCE = "privado"
# Of each organisation's guests.
CONVERTED, CAME = 6, 3


@dataclass(kw_only=True, slots=True)
class Seeded:
    """What the seed left to be asked for: private names and refs, jobs, traces and documents."""

    names: list[str] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    traces: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)


async def seed(engine: Engine, secrets: Secrets) -> Seeded:
    """Take everything in, ask and judge in every organisation's name, and learn of it."""
    seeded = Seeded()
    market = Delivery(source=Source(code=medellin.SOURCE), scope=Scope(role="ingest"))
    await engine.ingest(rows_of(medellin.records(NOW)), delivery=market)
    for owner in ORGANISATIONS:
        for visibility in ("org", "staff"):
            await _Tenant(engine=engine, secrets=secrets, seeded=seeded, owner=owner, visibility=visibility).settle()
    await engine.jobs.work_off()
    await engine.wait_projected(seconds=120)
    for owner in ORGANISATIONS:
        await _ask(engine, seeded, owner)
    await engine.learner.run(scope=Scope(role="staff"))
    await engine.wait_projected(seconds=120)
    return seeded


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tenant:
    """What one organisation keeps to itself or to staff."""

    engine: Engine
    secrets: Secrets
    seeded: Seeded
    owner: str
    visibility: Visibility

    async def settle(self) -> None:
        """Deliver all of it."""
        for record in self._records():
            await self._deliver([record])
        await self._documents()
        if self.visibility == "org":
            await self._notes()
            await self._job()

    def _bait(self) -> str:
        word = self.secrets.new(self.owner, self.visibility)
        self.seeded.words.append(word)
        return word

    def _deep(self) -> str:
        return self.secrets.new(self.owner, self.visibility, deep=True)

    def _record(self, kind: str, **fields: JsonValue) -> JsonObject:
        name = f"{kind.title()} {self._bait()}"
        own: JsonObject = {
            "kind": kind, "name": name, "source_id": self._deep(), "description": f"Interno: {self._deep()}.",
            "url": f"https://{self._deep()}.example/x", "visibility": self.visibility, "owner_org": self.owner,
        }  # fmt: skip
        return own | fields

    def _records(self) -> Iterator[JsonObject]:
        """Yield things of every kind that can be told apart, and what is said in private of public ones."""
        house = self._record("venue", market="medellin", address=f"Calle {self._deep()}", instagram=self._bait())
        act = self._record("artist", instagram=self._bait(), genres=["salsa"], city="Medellín")
        firm = self._record("organization", website=f"{self._deep()}.example", email=f"{self._deep()}@club.example")
        brand = self._record("brand", instagram=self._bait())
        yield from (house, act, firm, brand)
        host: JsonObject = {"type": "OWNS", "target_kind": "venue", "target": _mention(house)}
        yield self._record(
            "person", emails=[f"{self._deep()}@club.example"], person_type=self._deep(), instagram=self._bait(),
            relations=[host],
        )  # fmt: skip
        yield self._record("person", relations=[{"type": "MANAGES", "target_kind": "artist", "target": PUBLIC_ARTIST}])
        night: JsonObject = {"starts_at": TONIGHT, "market": "medellin", "genres": ["salsa"]}
        own = self._record(
            "event", venue=_mention(house), lineup=[_mention(act), PUBLIC_ARTIST], promoters=[_mention(firm)],
            ticket_url=f"https://{self._deep()}.example/boletas", **night,
        )  # fmt: skip
        yield own
        yield from self._campaign(own)
        yield self._record("event", venue=PUBLIC_VENUE, lineup=[PUBLIC_ARTIST], **night)
        yield self._record("concept", attributes={"domain": self._deep()})
        yield self._record("venue", name=SHARED_NAME, market="medellin")
        yield self._record("venue", aliases=[self._bait()], **PUBLIC_VENUE)
        yield self._record("artist", aliases=[self._bait()], **PUBLIC_ARTIST)
        yield self._record("event", source_id=None, url=None, **_public_night())

    def _campaign(self, night: JsonObject) -> Iterator[JsonObject]:
        """Yield a campaign, who converted, and who of them came: enough to be told of, and too few."""
        promoted: list[JsonValue] = [
            {"type": "PROMOTES", "target_kind": "event", "target": _mention(night)},
            {"type": "PROMOTES", "target_kind": "venue", "target": PUBLIC_VENUE},
        ]
        campaign = self._record("campaign", attributes={"channel": self._deep(), "budget": 500}, relations=promoted)
        yield campaign
        for number in range(CONVERTED):
            did: list[JsonValue] = [
                {"type": "CONVERTED_VIA", "target_kind": "campaign", "target": _mention(campaign)},
                {"type": "ATTENDED", "target_kind": "event", "target": _mention(night)},
            ]
            yield self._record("person", relations=did[: 2 if number < CAME else 1])

    async def _deliver(self, records: Iterable[JsonObject]) -> Intake:
        delivery = Delivery(
            source=Source(code=RANDOM_SOURCE, trust=90), scope=Scope(role="ingest", organisation=self.owner)
        )
        told: list[JsonObject] = [
            {name: value for name, value in record.items() if value is not None} for record in records
        ]
        intake = await self.engine.ingest(rows_of(told), delivery=delivery)
        assert not intake.counts["refused"], intake
        for receipt in intake.receipts:
            self._note(receipt.ref, receipt.entity_id, new=receipt.outcome == "created", name=receipt.name)
        return intake

    def _note(self, ref: str | None, entity_id: str | None, *, new: bool, name: str | None) -> None:
        if ref and entity_id and new:
            self.secrets.keep(entity_id, self.owner, self.visibility)
            self.seeded.refs += [ref, entity_id]
            self.seeded.names += [name] if name else []

    async def _documents(self) -> None:
        key, title = self._deep(), f"Manual {self._bait()}"
        told: JsonObject = {
            "id": key, "title": title, "url": f"https://{self._deep()}.example/manual",
            "text": f"El {title} trata de la Casa {self._deep()} y del Plan {self._deep()}, en Medellín.",
            "visibility": self.visibility, "owner_org": self.owner,
        }  # fmt: skip
        triples: JsonObject = {"passage_id": key, "triples": [[title, "habla de", f"Plan {self._deep()}"]]}
        delivery = Delivery(source=Source(code=RANDOM_SOURCE), scope=Scope(role="ingest", organisation=self.owner))
        intake = await self.engine.ingest_documents(rows_of([told]), delivery=delivery, triples=rows_of([triples]))
        assert not intake.counts["refused"], intake
        self.seeded.names.append(title)

    async def _notes(self) -> None:
        scope, session = Scope(role="organizer", organisation=self.owner, user="seed"), self._bait()
        self.seeded.sessions[self.owner] = session
        for kind in ("note", "decision", "blocker"):
            told = Told(kind=kind, text=f"{self._bait()}\n{self._deep()}", session_id=session)
            kept = await self.engine.notebook.remember(told, scope=scope)
            self.seeded.refs += [kept.ref] if kept.ref else []

    async def _job(self) -> None:
        """Leave a job of which a record was refused: its reasons quote the record."""
        scope = Scope(role="ingest", organisation=self.owner)
        wrong: JsonObject = {"kind": "artist", "name": f"Acto {self._deep()}", self._deep(): 1}
        delivery = Delivery(source=Source(code=RANDOM_SOURCE), scope=scope)
        job = await self.engine.ingest_later(rows_of([wrong]), delivery=delivery)
        self.seeded.jobs[self.owner] = self.secrets.keep(str(job), self.owner)


async def _ask(engine: Engine, seeded: Seeded, owner: str) -> None:
    """Ask for what is the organisation's own, and praise the answer: its edges learn."""
    scope = Scope(role="organizer", organisation=owner, user="seed")
    answer = await engine.search(Question(query="salsa esta noche en Nébula"), scope=scope)
    seeded.traces[owner] = answer.trace.trace_id
    await engine.log.flush()
    await engine.learner.judge(answer.trace.trace_id, "useful", scope=scope)


def _mention(record: JsonObject) -> JsonObject:
    return {name: record[name] for name in ("name", "source_id", "instagram") if record.get(name)}


def _public_night() -> JsonObject:
    """Return an event of the public programme by what tells it apart: its venue, its night and its name."""
    listed = [record for record in medellin.records(NOW) if record["kind"] == "event" and "venue" in record]
    night = next(one for one in listed if str(one["starts_at"]).startswith("2026-11-21"))
    return {name: night[name] for name in ("name", "starts_at", "venue", "market")} | {"lineup": [PUBLIC_ARTIST]}
