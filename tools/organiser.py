"""Campaigns and events as their organisation is told of them: how many, and of few people only that they are few."""

from sonik.growth.organiser import Campaign, OwnEvent
from tools.results import MOST_LISTED, Figure, Insight, named, shortened

FEW = "fewer than 5"
# Answers are counted where five others were answered in a week.
FEW_CALLERS = "too few callers"


def campaign_of(one: Campaign) -> Insight:
    """Return a campaign as a finding."""
    figures: dict[str, Figure] = {"ref": one.ref}
    figures |= {"channel": shortened(one.channel)} if one.channel else {}
    figures |= {"from": f"{one.starts_at:%Y-%m-%d}"} if one.starts_at else {}
    figures |= {"to": f"{one.ends_at:%Y-%m-%d}"} if one.ends_at else {}
    figures |= {"budget": float(one.budget)} if one.budget is not None else {}
    figures["events"] = len(one.promotes)
    figures |= {"promotes": ", ".join(one.promotes[:MOST_LISTED])} if one.promotes else {}
    figures["converted"] = FEW if one.converted is None else one.converted
    cost = one.cost_per_conversion
    figures |= {"cost_per_conversion": round(float(cost), 2)} if cost is not None else {}
    return Insight(name=named(one.name), figures=figures)


def event_of(one: OwnEvent) -> Insight:
    """Return an event as a finding."""
    figures: dict[str, Figure] = {"ref": one.ref, "when": f"{one.local_start:%Y-%m-%d %H:%M}"}
    figures |= {"status": one.status} if one.status != "scheduled" else {}
    counted = {"attended": one.attended, "bought": one.bought, "shared": one.shared}
    figures |= {name: FEW if people is None else people for name, people in counted.items()}
    figures["answers"] = FEW_CALLERS if one.answers is None else one.answers
    return Insight(name=named(one.name), figures=figures)
