"""CSV tables with any separator and encoding: a broken row becomes a row with a problem, never a stop."""

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import IO

from sonik.errors import InvalidInput
from sonik.identity.names import clean_text
from sonik.ingest.receipts import MAX_SHOWN
from sonik.ingest.rows import FileForm, Row
from sonik.types import JsonObject

SEPARATORS = ",;\t|"
# Quote signs and line ends cannot part columns; the csv module refuses them with an error of its own.
_NO_SEPARATORS = '"\r\n '


def read_table(path: Path, form: FileForm) -> Iterator[Row]:
    """Return the rows of a table, read as they are asked for.

    Raises:
        InvalidInput: the header is missing, or does not name its columns apart.
    """
    if form.separator in _NO_SEPARATORS:
        step = 'Use a comma, ";", "|" or "\\t".'
        raise InvalidInput("That sign cannot separate columns.", next_step=step, field="mapping")
    return _rows(path, form, header(path, form))


def header(path: Path, form: FileForm) -> list[str]:
    """Return the column names, which must be there, readable and apart.

    Raises:
        InvalidInput: they are not.
    """
    first = _first_line(path, form)
    columns = [column.strip() for column in first]
    shown = clean_text(",".join(columns), max_length=MAX_SHOWN)
    look = f"`sonik ingest {quote(path.name)} --inspect` proposes a mapping that says how it is written."
    if not any(columns):
        step = "Put the names of the columns into the first line."
        raise InvalidInput(f"{path.name} has no header.", next_step=step, field="file")
    if not _is_text(first):
        raise InvalidInput(f"The header of {path.name} is not {form.encoding}.", next_step=look, field="file")
    if len(columns) == 1 and any(separator in columns[0] for separator in SEPARATORS):
        raise InvalidInput(f"{path.name} has one column, '{shown}'.", next_step=look, field="file")
    if len(set(columns)) < len(columns) or not all(columns):
        step = "Give every column of the first line a name of its own."
        raise InvalidInput(f"Columns of {path.name} lack a name of their own: {shown}.", next_step=step, field="file")
    return columns


def _first_line(path: Path, form: FileForm) -> list[str]:
    step = "Put the names of the columns into the first line, and save it as CSV."
    with _open(path, form) as file:
        try:
            return next(csv.reader(file, delimiter=form.separator), [])
        except (csv.Error, UnicodeError) as error:
            raise InvalidInput(f"{path.name} is not CSV: {error}.", next_step=step, field="file") from error


def _rows(path: Path, form: FileForm, columns: list[str]) -> Iterator[Row]:
    """Yield one row a record; its line is the one it ends on. An empty cell says nothing."""
    with _open(path, form) as file:
        reader = csv.reader(file, delimiter=form.separator)
        next(reader)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line=reader.line_num, content=None, problem=f"not CSV: {error}")
                continue
            except UnicodeError:
                # Only encodings of several bytes a character come here; what follows cannot be told apart.
                problem = f"not {form.encoding.upper()}, and no line after this can be read"
                yield Row(line=reader.line_num + 1, content=None, problem=problem)
                return
            if any(cells):
                yield _row(reader.line_num, columns, cells, encoding=form.encoding)


def _row(line: int, columns: list[str], cells: list[str], *, encoding: str) -> Row:
    if len(cells) > len(columns):
        return Row(line=line, content=None, problem=f"{len(cells) - len(columns)} more cells than the header")
    if not _is_text(cells):
        return Row(line=line, content=None, problem=f"not {encoding.upper()}")
    content: JsonObject = {name: cell for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    return Row(line=line, content=content)


def _is_text(cells: list[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return False
    return True


def _open(path: Path, form: FileForm) -> IO[str]:
    with path.open("rb") as file:
        marked = file.read(len(BOM_UTF8)) == BOM_UTF8
    # Broken bytes come through as lone surrogates, so that they refuse their own row and no other.
    encoding = "utf-8-sig" if marked or form.encoding.lower() in {"utf-8", "utf8"} else form.encoding
    return path.open(encoding=encoding, errors="surrogateescape", newline="")
