"""The log of a run that goes on: a line for each answered question, so that a killed run loses at most one."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from sonik.errors import InvalidInput
from sonik.types import JsonObject


class Line(BaseModel):
    """One answered question: its ranking, and milliseconds."""

    model_config = ConfigDict(frozen=True)

    id: str
    ranked: tuple[str, ...]
    ms: float


@dataclass(kw_only=True, slots=True)
class Journal:
    """What a run has done so far; `head` says of which run it is."""

    path: Path
    head: JsonObject
    lines: dict[str, Line] = field(default_factory=dict)
    index_seconds: float | None = None
    _file: IO[str] | None = None

    @classmethod
    def beside(cls, out: Path, *, head: JsonObject, restart: bool = False) -> Self:
        """Return the journal of a run that writes to `out`, with what an interrupted one has left.

        Raises:
            InvalidInput: another run was interrupted there.
        """
        journal = cls(path=out.with_name(f"{out.name}.partial"), head=head)
        if restart:
            journal.path.unlink(missing_ok=True)
        elif journal.path.exists():
            journal._read()
        return journal

    def indexed(self, seconds: float) -> None:
        """Note how long indexing took; of a run that was interrupted, the first time counts."""
        if self.index_seconds is None:
            self.index_seconds = seconds
            self._add({"index_s": seconds})

    def answered(self, line: Line) -> None:
        """Note an answer; it is safe from a kill when this returns."""
        self.lines[line.id] = line
        self._add(line.model_dump(mode="json"))

    def close(self) -> None:
        """Close the file and leave it there."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Remove the file: the result is written."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _add(self, entry: JsonObject) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            begun = self.path.exists()
            self._file = self.path.open("a", encoding="utf-8")
            if not begun:
                self._write({"run": self.head})
        self._write(entry)

    def _write(self, entry: JsonObject) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def _read(self) -> None:
        entries = self._whole_lines()
        if not entries:
            self.path.unlink()
            return
        if entries[0] != {"run": self.head}:
            message = f"{self.path} was left by another run: its set, system, settings or commit differ."
            step = "Finish that run, write elsewhere with --out, or begin anew with --restart."
            raise InvalidInput(message, next_step=step, field="out")
        for entry in entries[1:]:
            if "index_s" in entry:
                self.index_seconds = float(str(entry["index_s"]))
            else:
                line = Line.model_validate(entry)
                self.lines[line.id] = line

    def _whole_lines(self) -> list[JsonObject]:
        """Return every complete line; what a kill cut off is cut from the file too."""
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except (ValueError, ValidationError) as error:
            step = "Begin anew with --restart."
            raise InvalidInput(f"{self.path} is not the log of a run.", next_step=step, field="out") from error
