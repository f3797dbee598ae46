"""What a receipt shows of a change: fields before and after, edges by their type, identifiers by their scheme."""

from collections.abc import Iterable

from sonik.identity.dossier import FieldChange
from sonik.identity.resolve import Registered
from sonik.types import JsonObject, JsonValue


def shown(changes: Iterable[FieldChange], edge_changes: Iterable[str], registered: Registered) -> JsonObject:
    """Return what a receipt shows; fields that stay as they were are only confirmed."""
    told: JsonObject = {}
    confirmed: list[JsonValue] = []
    for change in changes:
        if change.wins and change.before == change.after:
            confirmed.append(change.attribute)
        else:
            told[change.attribute] = _shown(change)
    if confirmed:
        told["confirmed"] = confirmed
    if edge_changes:
        told["relations"] = list[JsonValue](sorted(set(edge_changes)))
    if registered:
        gained = sorted({key.scheme for key in (*registered.gained, *registered.lost, *registered.weak)})
        told["identifiers"] = list[JsonValue](gained)
    return told


def _shown(change: FieldChange) -> JsonValue:
    told: JsonObject = {"before": change.before, "after": change.after}
    if not change.wins:
        told["kept"] = "the word of another source stands"
    return told
