"""Questions for whoever is around somebody, in three languages over the sample market: all of them, and no others."""

import pytest
from mcp import Client

from tests.acceptance.test_questions import refs

pytestmark = pytest.mark.anyio

VENUES_OF_PULSO = [
    "terraza-orquidea-negra", "club-candil", "la-trasnochada", "sotano-turquesa", "casa-nispero", "nave-cascajo",
    "galpon-mandarina",
]  # fmt: skip
BESIDE_NEBULA = ["dulce-modular", "casa-indigo", "circuito-orquidea"]
AT_THE_SOTANO = ["vera-onix", "nebula", "dulce-modular", "kilo-vatio", "circuito-orquidea", "ferro-quinto"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which venues does Pulso Norte put on events at?", VENUES_OF_PULSO),
        ("¿En qué lugares organiza eventos Pulso Norte?", VENUES_OF_PULSO),
        ("Em que lugares Pulso Norte organiza eventos?", VENUES_OF_PULSO),
        ("Which artists share a bill with Nébula?", BESIDE_NEBULA),
        ("¿Quién toca junto a Nébula?", BESIDE_NEBULA),
        ("Com que artistas Nébula divide o palco?", BESIDE_NEBULA),
        ("Which artists play at Sótano Turquesa?", AT_THE_SOTANO),
        ("¿Qué artistas tocan en Sótano Turquesa?", AT_THE_SOTANO),
        ("Que artistas tocam no Sótano Turquesa?", AT_THE_SOTANO),
        ("Which promoters put on Nébula?", ["pulso-norte-producciones"]),
        ("¿Qué promotores organizan los conciertos de Nébula?", ["pulso-norte-producciones"]),
        ("Que produtoras organizam os shows de Nébula?", ["pulso-norte-producciones"]),
        ("places where Nébula performs", ["sotano-turquesa", "nave-cascajo"]),
        ("lugares donde se presenta Nébula", ["sotano-turquesa", "nave-cascajo"]),
        ("lugares onde Nébula se apresenta", ["sotano-turquesa", "nave-cascajo"]),
        ("where is Sótano Turquesa", ["sotano-turquesa"]),
        ("where is La Noche de Candil", ["club-candil"]),
    ],
)
async def test_whoever_is_around_somebody_is_told_completely(
    memory_client: Client, question: str, expected: list[str]
) -> None:
    assert await refs(memory_client, question, limit=20) == expected
