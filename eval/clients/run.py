"""Every client over every transport in every era it speaks, and what came of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from eval.clients import inspector, python_sdk, typescript_sdk
from eval.clients.plan import ERAS, TRANSPORTS, Plan, Target, Visit, plan_for
from eval.node import Node, version_of
from eval.serving import Market, sample_market, served
from eval.tables import Sheet

KINDS = ("lists", "tools", "resources", "prompts", "completions", "subscriptions")
PACKAGES = ("@modelcontextprotocol/inspector", "@modelcontextprotocol/sdk", "@modelcontextprotocol/client")
PASSED_ON = ("PATH", "HOME", "PYTHONPATH")
TOLD = """\
Each client connects over stdio, to a server it starts itself, and over HTTP with an API key, in the era with the
handshake (legacy) and in the one without (modern), as far as it speaks them. It lists tools, resource templates and
prompts, which must be those there are; calls every tool by the example in its description; reads a resource of every
template; gets every prompt; completes an argument of a template; and opens and closes a subscription. The Inspector
lists the tools with `--strict`, for what other clients could stumble over in schemas; it connects anew for each step.
A cell says how many steps of a kind got what there is.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visits:
    """All visits."""

    visits: Sequence[Visit]
    node: str

    @property
    def hold(self) -> bool:
        """Whether every step got what there is."""
        return all(step.ok for visit in self.visits for step in visit.steps)

    def sheets(self) -> list[Sheet]:
        """Return the tables: who did what, and what failed."""
        rows = tuple(
            (visit.client, visit.transport, visit.era, *(_cell(visit, kind) for kind in KINDS)) for visit in self.visits
        )
        done = Sheet(title="What they did", head=("client", "transport", "era", *KINDS), rows=rows, names=3)
        failed = tuple(
            (visit.client, visit.transport, visit.era, step.name, step.note)
            for visit in self.visits
            for step in visit.steps
            if not step.ok
        )
        head = ("client", "transport", "era", "what", "note")
        return [done, Sheet(title="What failed", head=head, rows=failed, names=len(head))][: 2 if failed else 1]

    def against(self) -> str:
        """Return what they are, with versions."""
        return f"{', '.join(f'{name} {version_of(name)}' for name in PACKAGES)} on Node {self.node}"

    def json(self) -> dict[str, object]:
        """Return everything that was done."""
        return {"against": self.against(), "hold": self.hold, "visits": [asdict(visit) for visit in self.visits]}


def measure(node: Node, *, watch: Callable[[Visit], None]) -> Visits:
    """Serve, and let them visit."""
    found: list[Visit] = []
    with sample_market() as market:
        plan = plan_for(market)
        token = market.run("keys", "create", "--name", "clients", "--role", "staff").strip()
        with served(market, SONIK_HTTP_RATE_PER_MINUTE="0", SONIK_HTTP_ORG_RATE_PER_MINUTE="0") as base:
            for target in _targets(market, url=f"{base}/mcp", token=token):
                for visit in _visits(target, plan, node):
                    watch(visit)
                    found.append(visit)
    return Visits(visits=sorted(found, key=lambda visit: visit.client), node=node.version)


def _targets(market: Market, *, url: str, token: str) -> Iterator[Target]:
    kept = {key: value for key, value in market.environment.items() if key in PASSED_ON or key.startswith("SONIK_")}
    headers = {"Authorization": f"Bearer {token}"}
    for transport in TRANSPORTS:
        for era in ERAS:
            yield Target(transport=transport, era=era, url=url, headers=headers, environment=kept)


def _visits(target: Target, plan: Plan, node: Node) -> Iterator[Visit]:
    yield python_sdk.visit(target, plan)
    if target.era == "legacy":
        yield typescript_sdk.visit(1, target, plan, node=node)
    yield typescript_sdk.visit(2, target, plan, node=node)
    yield inspector.visit(target, plan, node=node)


def _cell(visit: Visit, kind: str) -> str:
    steps = visit.of(kind)
    return f"{sum(step.ok for step in steps)} of {len(steps)}" if steps else ""
