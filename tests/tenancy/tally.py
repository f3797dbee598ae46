"""What came of the calls: of each target, role and organisation how many there were and how they went."""

from collections import Counter
from dataclasses import dataclass, field

from rich.table import Table

from tests.tenancy.callers import PLATFORM, Caller

COLUMNS = ("calls", "answered", "refused", "leaks")


@dataclass
class Tally:
    """Counts by what was called, by role and by organisation."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def note(self, caller: Caller, target: str, *, refused: bool, leaks: int) -> None:
        """Count a call."""
        places = (("called", target), ("role", caller.role), ("organisation", caller.organisation or PLATFORM))
        for place, name in places:
            self.counts[place, name, "calls"] += 1
            self.counts[place, name, "refused" if refused else "answered"] += 1
            self.counts[place, name, "leaks"] += leaks

    def calls(self, place: str, name: str) -> int:
        """Return how many calls there were of a target, a role or an organisation."""
        return self.counts[place, name, "calls"]

    def tables(self) -> list[Table]:
        """Return a table for each way to count."""
        return [self._table(place) for place in ("called", "role", "organisation")]

    def _table(self, place: str) -> Table:
        shown = Table(place, *COLUMNS, title=f"calls by {'what was called' if place == 'called' else place}")
        for column in shown.columns[1:]:
            column.justify = "right"
        names = sorted({name for at, name, _ in self.counts if at == place})
        for name in names:
            shown.add_row(name, *(f"{self.counts[place, name, column]:,}" for column in COLUMNS))
        return shown
