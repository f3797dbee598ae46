"""The fused baseline holds to what Sonik reads in a question."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from eval.dataset import Facets
from eval.systems.understood import fits
from sonik.clock import Clock
from sonik.ingest.legends import shipped_legends
from sonik.retrieval.understand import understand
from sonik.retrieval.vocabulary import Vocabulary

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
TONIGHT = NOW + timedelta(hours=6)
SHOW = Facets(
    kind="event", market="quito", genres=("rock",), span=(TONIGHT, TONIGHT + timedelta(hours=3)), price=10.0
)  # fmt: skip
BAND = Facets(kind="artist", market="quito", genres=("rock",))


@pytest.mark.parametrize(
    ("question", "facets", "fitting"),
    [
        ("¿Qué hay esta noche en Quito?", SHOW, True),
        ("¿Qué hay esta noche en Medellín?", SHOW, False),
        ("¿Qué hay mañana en Quito?", SHOW, False),
        ("rock tonight in Quito", SHOW, True),
        ("jazz tonight in Quito", SHOW, False),
        ("free events tonight in Quito", SHOW, False),
        ("free events tonight in Quito", replace(SHOW, price=0.0), True),
        ("eventos hasta 8 dólares esta noche en Quito", SHOW, False),
        ("artistas de rock de Quito", BAND, True),
        ("artistas de rock de Quito", SHOW, False),
        ("rock en Quito", replace(SHOW, span=(NOW - timedelta(hours=9), NOW - timedelta(hours=5))), False),
    ],
)
def test_a_thing_fits_or_not(question: str, facets: Facets, fitting: bool) -> None:
    legends = shipped_legends()
    vocabulary = Vocabulary(markets=tuple(legends.markets.values()), genres=legends.genres)
    understood = understand(question, vocabulary=vocabulary, clock=Clock.frozen(NOW), default_market=None)
    assert fits(facets, understood, now=NOW) is fitting
