"""How good a ranking is: measures of the ir-measures package, and whether all evidence was found."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import ir_measures
from ir_measures import RR, R, Success, nDCG

from eval.dataset import Qrels

DEPTH = 10
"""How far down a ranking is kept and judged."""

RECALL = {f"recall@{cut}": R @ cut for cut in (2, 5, 8, 10)}
MEASURES = {
    **RECALL,
    "ndcg@10": nDCG @ 10,
    "mrr@10": RR @ 10,
    "success@1": Success @ 1,
    "success@5": Success @ 5,
}
NAMES = (*MEASURES, *(f"all@{cut}" for cut in (2, 5, 8, 10)))
"""Every metric; `all@k` is 1 for a question whose evidence is all among the first k."""

Scores = Mapping[str, float]
Ranked = Sequence[str]


def judge(qrels: Qrels, ranked: Mapping[str, Ranked]) -> dict[str, dict[str, float]]:
    """Return each question's metrics, 0 for a question without a ranking."""
    found: dict[str, dict[str, float]] = {question: {} for question in qrels.grades}
    run = {question: _scored(ids) for question, ids in ranked.items() if question in found}
    names = {measure: name for name, measure in MEASURES.items()}
    grades = {question: dict(grades) for question, grades in qrels.grades.items()}
    for metric in ir_measures.iter_calc(list(names), grades, run):
        found[metric.query_id][names[metric.measure]] = float(metric.value)
    return {question: _with_all(scores) for question, scores in found.items()}


def mean(scores: Sequence[Scores]) -> dict[str, float]:
    """Return the mean of each metric over questions."""
    return {name: fmean(each[name] for each in scores) for name in NAMES} if scores else {}


def _scored(ids: Ranked) -> dict[str, float]:
    # The package sorts by score; a repeated id counts where it stands first.
    return {key: float(len(ids) - place) for place, key in reversed(list(enumerate(ids)))}


def _with_all(scores: Scores) -> dict[str, float]:
    complete = {name.replace("recall", "all"): float(scores[name] >= 1.0) for name in RECALL}
    every = {**scores, **complete}
    return {name: every[name] for name in NAMES}
