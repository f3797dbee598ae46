"""Read documents from files: records of a JSONL, JSON or CSV file, or plain texts, one document a file."""

from collections.abc import Iterator
from pathlib import Path

from sonik.errors import InvalidInput
from sonik.identity.names import clean_text
from sonik.ingest.files import MAX_LINE_BYTES, read_rows
from sonik.ingest.rows import Row
from sonik.knowledge.splitting import PIECE, split
from sonik.types import JsonValue

TEXTS = frozenset((".txt", ".md", ".markdown"))
_HEADING = "#"


def read_documents(path: Path) -> Iterator[Row]:
    """Return the rows of a file, or of every text below a folder, in the order of their names.

    Raises:
        InvalidInput: there is no such file or folder, no text in it, or the file is of another type.
    """
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in TEXTS and file.is_file())
        if not found:
            step = f"Give a folder with {', '.join(sorted(TEXTS))} files, or a .jsonl file of records."
            raise InvalidInput(f"There is no text below {path}.", next_step=step, field="path")
        return (_text(line, file, name=file.relative_to(path).as_posix()) for line, file in enumerate(found, start=1))
    if path.suffix.lower() in TEXTS and path.is_file():
        return iter([_text(1, path, name=path.name)])
    return read_rows(path)


def _text(line: int, file: Path, *, name: str) -> Row:
    """Return a text as a record: its path is its id, its first heading or else its name the title."""
    if file.stat().st_size > MAX_LINE_BYTES:
        return Row(line=line, content=None, problem=f"{name} is longer than {MAX_LINE_BYTES:,} bytes")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return Row(line=line, content=None, problem=f"{name} is not UTF-8")
    title, body = _parts(text, named=file.stem)
    passages: list[JsonValue] = [*split(clean_text(body, max_length=MAX_LINE_BYTES), whole_up_to=PIECE)]
    return Row(line=line, content={"id": name, "title": title, "passages": passages})


def _parts(text: str, *, named: str) -> tuple[str, str]:
    """Return the title and the rest of a text: its first heading, else the file's name, and what follows."""
    heading, _, rest = text.strip().partition("\n")
    if heading.startswith(_HEADING) and heading.strip(_HEADING).strip():
        return heading.strip(_HEADING).strip(), rest.strip() or heading
    return named.replace("_", " ").replace("-", " "), text
