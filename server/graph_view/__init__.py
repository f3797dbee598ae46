"""The graph view: one HTML document that draws a traversal, with nothing loaded from anywhere else."""

import base64
import hashlib
from importlib import resources

URI = "ui://sonik/graph.html"
_SCRIPTS = ("words.js", "view.js", "moves.js")
_PLACES = {"style": "/* style */", "script": "/* script */"}
_POLICY = "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; form-action 'none'"


def page() -> str:
    """Return the document; its policy lets run and style it what stands in it, and nothing else."""
    folder = resources.files("server.graph_view")
    html = folder.joinpath("view.html").read_text(encoding="utf-8")
    parts = {
        "script": "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS),
        "style": folder.joinpath("view.css").read_text(encoding="utf-8"),
    }
    html = html.replace("{policy}", _POLICY.format(**{name: _digest(part) for name, part in parts.items()}))
    for name, part in parts.items():
        html = html.replace(_PLACES[name], part)
    return html


def _digest(part: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}"
