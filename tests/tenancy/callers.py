"""Who calls: five organisations with all roles, and callers of none; most show an access token, some a key."""

from dataclasses import dataclass

from sonik.types import ROLES, Role

ORGANISATIONS = ("ceiba", "nocturna", "palma", "rumbo", "telar")
LIFETIME_SECONDS = 6 * 3_600
PLATFORM = "-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A caller as the oracle knows it."""

    role: Role
    organisation: str | None
    token: str
    with_key: bool = False

    @property
    def name(self) -> str:
        """How a report names it."""
        return f"{self.role}@{self.organisation or PLATFORM}"

    @property
    def sees_all(self) -> bool:
        """Staff see everything; who delivers for the platform delivers for every organisation, and meets all."""
        return self.role == "staff" or (self.role == "ingest" and self.organisation is None)

    @property
    def runs_sonik(self) -> bool:
        """Whether it sees what every organisation asked."""
        return self.role == "ops" and self.organisation is None

    @property
    def writes(self) -> bool:
        """Whether its role may deliver."""
        return self.role in ("ingest", "staff")


def roles_of(number: int) -> tuple[Role, ...]:
    """Return the roles of an organisation: all have readers, organizers and deliverers, the others go around."""
    rest = [role for role in ROLES if role not in ("reader", "organizer", "ingest")]
    return ("reader", "organizer", "ingest", rest[number % len(rest)], rest[(number + 2) % len(rest)])
