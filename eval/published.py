"""What others published on the same questions: fast-graphrag's runs of four systems on the first of 2Wiki."""

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from eval.catalog import PARTS
from sonik.errors import InvalidInput

Form = TypeVar("Form")

FOLDER = "published_results"
SYSTEMS = {"vdb": "vector DB", "lightrag": "LightRAG", "nano": "GraphRAG", "graph": "fast-graphrag"}


class _Answered(BaseModel):
    question: str
    evidence: list[str]
    ground_truth: list[str]

    @property
    def complete(self) -> float:
        return float(set(self.ground_truth) <= set(self.evidence))


ANSWERS = TypeAdapter(list[_Answered])
QUESTIONS = TypeAdapter(frozenset[str])


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """The share of questions whose evidence is all among the eight passages a system returned."""

    dataset: str
    system: str
    questions: int
    complete: float
    complete_multihop: float


def published(dataset: str, *, data: Path) -> list[Published]:
    """Return the published results on a set; none where there are none.

    Raises:
        InvalidInput: a file of them is malformed.
    """
    part = next((part for part in PARTS if part.name == dataset), None)
    stem = f"fastgraphrag_2wiki{part.questions}" if part else ""
    if not part or not (data / FOLDER / f"{stem}_multihop_questions.json").exists():
        return []
    multihop = _read(data / FOLDER / f"{stem}_multihop_questions.json", QUESTIONS)
    return [
        _published(dataset, name, _read(data / FOLDER / f"{stem}_{code}.json", ANSWERS), multihop)
        for code, name in SYSTEMS.items()
    ]


def _published(dataset: str, system: str, answers: list[_Answered], multihop: frozenset[str]) -> Published:
    return Published(
        dataset=dataset, system=system, questions=len(answers),
        complete=fmean(answered.complete for answered in answers),
        complete_multihop=fmean(answered.complete for answered in answers if answered.question in multihop),
    )  # fmt: skip


def _read(path: Path, form: TypeAdapter[Form]) -> Form:
    try:
        return form.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        step = "Restore the data folder, or name another with --data."
        raise InvalidInput(f"{path.name} in {FOLDER} cannot be read.", next_step=step, field="data") from error
