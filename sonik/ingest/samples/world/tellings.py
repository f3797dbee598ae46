"""What a source knows of an event: which it has, when it looked, and how far it is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sonik.ingest.samples.world.cities import dice
from sonik.ingest.samples.world.ground import Event, Ground, Venue
from sonik.ingest.samples.world.marks import Mark, Place
from sonik.ingest.samples.world.programme import night_of
from sonik.ingest.samples.world.spelling import shown, words_of

# What becomes of an event is seen by whoever tells of it.
FATED = frozenset({"cancelled", "moved", "retitled", "sold_out"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """A source: its name and trust, the share of all events it has, and how often a price or a start is another.

    It hears of changes or not, and if so of a new venue or not.
    """

    source: str
    trust: int
    share: float
    wrong: float = 0.0
    hears: bool = False
    hears_of_moves: bool = False
    sees_second_showings: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """One event as one source has it at one time. `words` is the title before it is dressed."""

    event: Event
    words: str
    venue: Venue
    starts_at: datetime
    price_min: int
    price_max: int
    status: str
    observed_at: datetime

    def mark(self, *, name: str, keys: frozenset[str], place: Place, says_status: bool) -> Mark:
        """Return the label of the line that tells it under this name."""
        said = {
            "name": shown(name), "starts_at": self.starts_at, "venue": place.entity,
            "price_min": self.price_min, "status": self.status if says_status else None,
        }  # fmt: skip
        return Mark(
            entity=self.event.id, kind="event", keys=keys, observed_at=self.observed_at, said=said, place=place,
            night=night_of(self.starts_at, self.event.city).isoformat(), words=words_of(self.words),
        )  # fmt: skip


def seen_first(ground: Ground, source: str, thing: str) -> datetime:
    """Return when a source last touched a thing before its first delivery."""
    minutes = dice(ground.seed, source, "seen", thing).randint(3 * 1440, 20 * 1440)
    return ground.now.replace(second=0, microsecond=0) - timedelta(minutes=minutes)


def seen_later(ground: Ground, source: str, thing: str) -> datetime:
    """Return when a source touched a thing before its second delivery."""
    minutes = dice(ground.seed, source, "later", thing).randint(120, 2 * 1440)
    return ground.now.replace(second=0, microsecond=0) - timedelta(minutes=minutes)


def first_tellings(ground: Ground, habits: Habits) -> Iterator[Telling]:
    """Yield what a source tells in its first delivery, before anything was changed."""
    for event in ground.events:
        if _has(ground, habits, event):
            yield _telling(ground, habits, event, status="scheduled", at=seen_first(ground, habits.source, event.id))


def later_tellings(ground: Ground, habits: Habits) -> Iterator[Telling]:
    """Yield what a source tells of the events that changed; one that heard of nothing says what it said before."""
    for event in ground.events:
        if event.fate in FATED and _has(ground, habits, event):
            at = seen_later(ground, habits.source, event.id)
            hears = habits.hears and (habits.hears_of_moves or event.fate != "moved")
            status = event.fate if hears and event.fate != "retitled" else "scheduled"
            yield _telling(ground, habits, event, status=status, at=at, later=hears)


def _has(ground: Ground, habits: Habits, event: Event) -> bool:
    if event.fate == "second_showing":
        return habits.sees_second_showings
    if event.fate:
        return True
    twice = any(other.id == f"{event.id}/2" for other in ground.events if other.fate == "second_showing")
    return twice or dice(ground.seed, habits.source, event.id).random() < habits.share


def _telling(
    ground: Ground, habits: Habits, event: Event, *, status: str, at: datetime, later: bool = False
) -> Telling:
    roll = dice(ground.seed, habits.source, "telling", event.id)
    wrong_price, wrong_start = roll.random() < habits.wrong and event.price_max > 0, roll.random() < habits.wrong
    extra = event.city.price_step if wrong_price else 0
    shift = timedelta(minutes=30) if wrong_start and not event.fate else timedelta()
    return Telling(
        event=event, words=(event.later_name if later else None) or event.name,
        venue=(event.later_venue if later else None) or event.venue, starts_at=event.starts_at + shift,
        price_min=event.price_min + extra, price_max=event.price_max + extra, status=status, observed_at=at,
    )  # fmt: skip
