"""Cypher kept as Cypher: named queries, with labels filled in from the ontology only."""

from functools import cache
from importlib.resources import files

_NAME = "// name: "


@cache
def queries(room: str) -> dict[str, str]:
    """Return the named queries of one ``.cypher`` file: each starts with a line ``// name: …``."""
    text = files(__name__).joinpath(f"{room}.cypher").read_text(encoding="utf-8")
    found = {}
    for block in text.split(_NAME)[1:]:
        name, _, body = block.partition("\n")
        lines = [line for line in body.splitlines() if not line.lstrip().startswith("//")]
        found[name.strip()] = "\n".join(lines).strip()
    return found
