"""Load a text in a language, and fill it in."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template

from sonik.types import Language


def filled(name: str, language: Language, values: Mapping[str, str]) -> str:
    """Return a text with its values; a line that needs an empty one is left out, and steps are counted anew."""
    lines = [Template(line) for line in _text(name, language).splitlines()]
    empty = {key for key, value in values.items() if not value}
    kept = [line.substitute(values) for line in lines if not empty & set(line.get_identifiers())]
    return "\n".join(_renumbered(kept)).replace("\n\n\n", "\n\n")


@cache
def _text(name: str, language: Language) -> str:
    return files(__package__).joinpath(language, f"{name}.md").read_text(encoding="utf-8")


def _renumbered(lines: list[str]) -> list[str]:
    counted: list[str] = []
    step = 0
    for line in lines:
        head, dot, rest = line.partition(". ")
        step = step + 1 if dot and head.isdecimal() else step
        counted.append(f"{step}. {rest}" if dot and head.isdecimal() else line)
    return counted
