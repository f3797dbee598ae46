"""The TypeScript SDKs' clients, each in one connection: version 1 with the handshake, its successor in both eras."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from eval.clients.plan import MODERN, SERVE, Plan, Step, Target, Visit
from eval.node import Node

FLOW = Path(__file__).with_name("flow.mjs")
NAMES = {1: "TypeScript SDK 1 (@modelcontextprotocol/sdk)", 2: "TypeScript SDK 2 (@modelcontextprotocol/client)"}
RUN_SECONDS = 180


def visit(sdk: int, target: Target, plan: Plan, *, node: Node) -> Visit:
    """Do everything in the plan."""
    # Packages are found from where a script is.
    shutil.copy(FLOW, node.folder)
    told = {"sdk": sdk, "target": asdict(target), "plan": asdict(plan), "serve": SERVE, "modern": MODERN}
    ran = node.run(f"../{FLOW.name}", [], seconds=RUN_SECONDS, given=json.dumps(told))
    try:
        steps = [Step(**step) for step in json.loads(ran.stdout)]
    except json.JSONDecodeError:
        steps = [Step(kind="lists", name="connect", ok=False, note=ran.stderr[-200:])]
    return Visit(client=NAMES[sdk], transport=target.transport, era=target.era, steps=steps)
