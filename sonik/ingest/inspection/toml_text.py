"""A mapping as the text of a TOML file, with the example that stands behind each line."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from sonik.ingest.inspection.columns import shown
from sonik.ingest.rows import FileForm
from sonik.types import JsonObject, JsonValue

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_RULE_KEYS: Final = frozenset({"from", "value"})


def mapping_text(
    *, source: str, trust: int, kind: str, form: FileForm, fields: JsonObject, comments: Mapping[str, str]
) -> str:
    """Return the file that `load_mapping` reads; `comments` are shown beside the fields they name."""
    lines = [
        "# Proposed by `sonik ingest --inspect`: look at every line before you trust it.",
        f"source = {_text(source)}",
        f"trust = {trust}  # 0 to 100: how far this source is believed where others disagree",
        f"kind = {_text(kind)}",
    ]
    if form != FileForm(format=form.format) or form.format == "json":
        lines += ["", "[file]", *(f"{key} = {_text(value)}" for key, value in form.as_table().items())]
    lines += ["", "[fields]", *_lines(fields, comments, inside="")]
    for name, table in fields.items():
        if _is_mention(table):
            lines += ["", f"[fields.{name}]", *_lines(table, comments, inside=f"{name}.")]
    return "\n".join(lines) + "\n"


def _lines(fields: JsonValue, comments: Mapping[str, str], *, inside: str) -> Iterator[str]:
    for name, rule in fields.items() if isinstance(fields, dict) else ():
        if _is_mention(rule):
            continue
        comment = comments.get(inside + name)
        yield f"{name} = {_value(rule)}" + (f"  # {shown(comment)}" if comment else "")


def _is_mention(rule: JsonValue) -> bool:
    return isinstance(rule, dict) and not _RULE_KEYS & rule.keys()


def _value(value: JsonValue) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # TOML's basic strings are JSON's, but for one more control character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
