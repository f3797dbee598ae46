"""Sets by name: the product's own, the folders of the data folder, and parts of these that publications measured."""

from dataclasses import dataclass, replace
from pathlib import Path

from eval.dataset import Dataset
from eval.folder import CORPUS, read_folder
from eval.product.set import SPLITS, product
from sonik.errors import InvalidInput, NotFound, did_you_mean


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The beginning of a set: its first questions, whose contexts are its first passages."""

    name: str
    of: str
    questions: int
    passages: int


PARTS = (
    Part(name="2wiki-51", of="2wikimultihopqa", questions=51, passages=428),
    Part(name="2wiki-101", of="2wikimultihopqa", questions=101, passages=785),
)


def load(name: str, *, data: Path, limit: int | None = None) -> Dataset:
    """Return a set by its name or folder, with its first questions only where a limit is given.

    Raises:
        NotFound: there is no such set.
        InvalidInput: it is malformed, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise InvalidInput(f"A run of {limit} questions says nothing.", next_step="Give --limit 1 or more.")
    if name in SPLITS:
        return product(name).first(limit)
    part = next((part for part in PARTS if part.name == name), None)
    dataset = _part(part, data) if part else read_folder(_folder(name, data))
    return dataset.first(limit)


def names(data: Path) -> list[str]:
    """Return the name of every set there is."""
    folders = sorted(path.parent.name for path in data.glob(f"*/{CORPUS}"))
    return [*SPLITS, *folders, *(part.name for part in PARTS if part.of in folders)]


def _folder(name: str, data: Path) -> Path:
    named = data / name
    if (named / CORPUS).is_file() and named.resolve().parent == data.resolve():
        return named
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    known = names(data)
    elsewhere = f"No sets are in {data}; name their folder with --data."
    step = did_you_mean(name, known) if len(known) > len(SPLITS) else elsewhere
    raise NotFound(f"There is no set or folder '{name[:80]}'.", next_step=step, field="dataset")


def _part(part: Part, data: Path) -> Dataset:
    whole = read_folder(_folder(part.of, data))
    corpus = replace(whole.corpus, name=part.name, passages=whole.corpus.passages[: part.passages], extractions={})
    known = {passage.id for passage in corpus.passages}
    dataset = replace(whole.first(part.questions), name=part.name, corpus=corpus)
    if any(set(grades) - known for grades in dataset.qrels.grades.values()):
        step = f"Use the {part.of} that the how-to names."
        raise InvalidInput(f"{part.name} is not the beginning of this {part.of}.", next_step=step, field="dataset")
    return dataset
