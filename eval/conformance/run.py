"""Both requirement sets against both servers: the one that is shipped, and the test build with the suite's fixtures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from eval.conformance.baseline import Verdict, judge, read_baseline
from eval.conformance.suite import PACKAGE, SETS, Scenario, run_set
from eval.node import Node, version_of
from eval.serving import Market, sample_market, served
from eval.tables import Sheet

SHIPPED, FIXTURES = "shipped", "fixtures"
MODULES = {SHIPPED: ("server.cli", "serve", "--http"), FIXTURES: ("eval.conformance.fixtures",)}
TITLES = {SHIPPED: "The server as it is shipped", FIXTURES: "The test build, with the suite's fixtures"}
# What asks for nothing but what any server has. The other scenarios call tools of the suite's own by name.
OF_ANY_SERVER = frozenset((
    "server-initialize", "ping", "completion-complete", "tools-list", "resources-list", "prompts-list",
    "server-sse-multiple-streams", "dns-rebinding-protection", "server-session-lifecycle", "server-stateless",
    "sep-2164-resource-not-found", "caching", "input-required-result-unsupported-methods", "http-header-validation",
))  # fmt: skip
NOTHING = "0 of 0"
TOLD = """\
`@modelcontextprotocol/conformance` is the public suite of the protocol. Both of its requirement sets run, each at its
protocol version: 2025-11-25 with the handshake, 2026-07-28 without. A cell says how many checks of a scenario passed;
a warning counts as a failure.

The server as it is shipped runs with `sonik serve --http` and without tokens, because the suite can send none. It is
held to every scenario that needs no fixture. The other scenarios call tools, resources and prompts with names of the
suite's own; they run against a test build that adds these to the same server code, and keeps sessions in the handshake
era, because the suite has the server ask its client in the middle of a call. The test build runs all of the set again.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conformance:
    """What the suite found on each server, and what to make of it."""

    found: Mapping[str, Sequence[Scenario]]
    verdict: Verdict
    suite: str
    node: str

    def sheets(self) -> list[Sheet]:
        """Return the tables: one a server, what failed, what is not scored."""
        tables = [_per_server(TITLES[server], scenarios) for server, scenarios in self.found.items()]
        return [table for table in (*tables, self._failures(), _unscored(self.found[FIXTURES])) if table.rows]

    def json(self) -> dict[str, object]:
        """Return everything that was found."""
        scenarios = {server: [asdict(one) for one in found] for server, found in self.found.items()}
        return {"suite": self.suite, "node": self.node, "holds": self.verdict.holds, "found": scenarios}

    def _failures(self) -> Sheet:
        new = [
            (server, one.requirements, one.name, check.id, check.message[:120])
            for server, one, check in self.verdict.unknown
        ]
        known = [(one.server, one.requirements, one.scenario, one.check, one.reason) for one in self.verdict.known]
        stale = [(one.server, one.requirements, one.scenario, one.check, "passes now") for one in self.verdict.stale]
        head = ("server", "set", "scenario", "check", "why")
        return Sheet(title="What fails", head=head, rows=(*new, *known, *stale), names=len(head))


def measure(node: Node) -> Conformance:
    """Serve, and run the suite."""
    with sample_market() as market:
        found = {server: list(_on(server, market, node)) for server in MODULES}
    return Conformance(
        found=found, verdict=judge(found, read_baseline()), suite=f"{PACKAGE} {version_of(PACKAGE)}", node=node.version
    )


def _on(server: str, market: Market, node: Node) -> Iterator[Scenario]:
    with served(market, MODULES[server], SONIK_HTTP_AUTH="off") as base:
        for requirements in SETS:
            # By its name: one of the scenarios rewrites it to see whether foreign hosts are refused.
            url = f"{base.replace('127.0.0.1', 'localhost')}/mcp"
            for scenario in run_set(node, url, requirements):
                if server == FIXTURES or scenario.name in OF_ANY_SERVER:
                    yield scenario


def _per_server(title: str, scenarios: Sequence[Scenario]) -> Sheet:
    scored = [one for one in scenarios if one.unscored is None]
    cells = {(one.name, one.requirements): _cell(one) for one in scored}
    rows = tuple(
        (name, *(cells.get((name, requirements), "") for requirements in SETS))
        for name in dict.fromkeys(one.name for one in scored)
    )
    total = tuple(_sum([one for one in scored if one.requirements == requirements]) for requirements in SETS)
    return Sheet(title=title, head=("scenario", *SETS), rows=(*rows, ("all checks", *total)))


def _unscored(scenarios: Sequence[Scenario]) -> Sheet:
    rows = tuple((one.name, one.requirements, str(one.unscored), _cell(one)) for one in scenarios if one.unscored)
    head = ("scenario", "set", "why", "passed")
    return Sheet(title="What the sets run and do not score, on the test build", head=head, rows=rows, names=3)


def _cell(scenario: Scenario) -> str:
    shown = _sum([scenario])
    return "nothing to check" if shown == NOTHING else shown


def _sum(scenarios: Sequence[Scenario]) -> str:
    checks = [check for one in scenarios for check in one.checks if check.failed or check.status == "SUCCESS"]
    return f"{sum(not check.failed for check in checks)} of {len(checks)}"
