"""Patterns over the sample market and over all three graphs: what they lead to, in which order, and by which way."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sonik.engine import Engine
from sonik.errors import InvalidInput, NotAllowed, NotFound
from sonik.retrieval.traversal import Findings, Traversal
from sonik.settings import Settings
from sonik.types import JsonObject, Role, Scope
from tests.fix_engine import NOW, deliver_projected

pytestmark = pytest.mark.anyio
STAFF = Scope(role="staff")


async def refs(engine: Engine, start: str, pattern: str, *, scope: Scope | None = None, **more: object) -> list[str]:
    """Return where a pattern leads."""
    return [hit.card.ref for hit in (await walk(engine, start, pattern, scope=scope, **more)).hits]


async def walk(engine: Engine, start: str, pattern: str, *, scope: Scope | None = None, **more: object) -> Findings:
    asked = replace(Traversal(start=start, pattern=pattern, limit=50), **more)  # type: ignore[arg-type]
    return await engine.traverse(asked, scope=scope or Scope())


def told(findings: Findings) -> list[str]:
    """Return the ways to the hits in words."""
    return [
        " ".join(
            [findings.start.ref, *(f"{'>' if step.outgoing else '<'}{step.type} {step.end.ref}" for step in hit.path)]
        )
        for hit in findings.hits
    ]


@pytest.mark.parametrize(
    ("start", "pattern", "expected"),
    [
        (
            "guayacan-y-timbal",
            "artists_at_venue",
            ["orquesta-loma-y-bongo", "charanga-setenta-y-pico", "dj-pasta-negra", "trombones-de-manrique"],
        ),
        (
            "sotano-turquesa",
            "artists_at_venue",
            ["ferro-quinto", "circuito-orquidea", "dulce-modular", "kilo-vatio", "nebula", "vera-onix"],
        ),
        (
            "pulso-norte-producciones",
            "venues_by_promoter",
            [
                "sotano-turquesa", "club-candil", "terraza-orquidea-negra", "la-trasnochada", "nave-cascajo",
                "casa-nispero", "galpon-mandarina",
            ],
        ),
        ("linea-barrio", "venues_by_promoter", ["piso-trece-bis", "centro-cultural-la-acequia"]),
        (
            "festival-aguacero-cierre-2026-11-29",
            "lineup",
            ["cerro-ocho", "mia-zafiro", "samba-do-morro-verde", "lulo-verde", "orquesta-loma-y-bongo"],
        ),
        ("salsa-desde-cero-2026-11-21", "lineup", []),
        (
            "nebula",
            "neighbors",
            ["cascajo-total-2026-12-05", "viernes-turquesa-2026-11-27", "viernes-turquesa-2026-12-11"],
        ),
    ],
)  # fmt: skip
async def test_a_pattern_leads_where_the_records_say(
    market: Engine, start: str, pattern: str, expected: list[str]
) -> None:
    found = await refs(market, start, pattern)
    assert (found if pattern != "neighbors" else sorted(found)) == expected


async def test_similar_artists_share_bills_or_stages(market: Engine) -> None:
    found = await refs(market, "nebula", "similar")
    on_one_bill = {"circuito-orquidea", "dulce-modular", "casa-indigo"}
    assert set(found[:3]) == on_one_bill
    assert set(found) == on_one_bill | {"ferro-quinto", "kilo-vatio", "vera-onix"}


async def test_a_venue_resembles_those_its_artists_and_promoters_also_use(market: Engine) -> None:
    assert (await refs(market, "guayacan-y-timbal", "similar"))[:2] == ["cobre-y-cuero", "son-de-la-quebrada"]


async def test_who_is_more_often_there_is_the_stronger(market: Engine) -> None:
    findings = await walk(market, "guayacan-y-timbal", "artists_at_venue")
    # Each night is worth 0.9 x 0.9; two of them 1 - (1 - 0.81)^2.
    assert [hit.score for hit in findings.hits] == [0.9639, 0.81, 0.81, 0.81]


@pytest.mark.parametrize(
    "start",
    [
        "pulso-norte-producciones", "@pulsonorte.mde", "Pulso Norte", "PULSO NORTE PRODUCCIONES", "pulsonorte.example",
        "https://www.instagram.com/pulsonorte.mde/?hl=es",
    ],
)  # fmt: skip
async def test_a_walk_starts_at_any_kind_of_ref(market: Engine, start: str) -> None:
    assert len(await refs(market, start, "venues_by_promoter")) == 7


async def test_a_walk_starts_at_a_place_id_and_at_an_id(market: Engine) -> None:
    findings = await walk(market, "ChIJl4sSfAYrH5wRQ-Bi-ZKqQYU", "artists_at_venue")
    assert (findings.start.ref, findings.total) == ("guayacan-y-timbal", 4)
    assert (await walk(market, str(findings.start.id), "artists_at_venue")).hits == findings.hits


async def test_a_wrong_start_is_told_which_patterns_fit(market: Engine) -> None:
    with pytest.raises(InvalidInput) as refused:
        await walk(market, "nebula", "artists_at_venue")
    assert refused.value.field == "start"
    assert refused.value.message == "artists_at_venue starts at venue; 'nebula' is of kind artist."
    assert refused.value.next_step == "Patterns from artist: similar, influence, impact, neighbors."


@pytest.mark.parametrize(
    ("more", "field", "step"),
    [
        ({"pattern": "artists_of_venue"}, "pattern", "Did you mean 'artists_at_venue'?"),
        ({"graphs": ("operation",)}, "graphs", "Did you mean 'operations'?"),
        ({"graphs": ("knowledge",)}, "graphs", "It walks operations: pass these graphs, or none."),
        ({"lens": "fans"}, "lens", "Did you mean 'fan'?"),
        ({"lens": "virality"}, "lens", "Use operations, artist, fan."),
        ({"lens": "knowledge"}, "lens", "Leave the lens out, or use operations."),
        ({"max_hops": 1}, "max_hops", "Leave max_hops out: this pattern goes as far as it must."),
    ],
)
async def test_an_argument_that_stands_in_the_way_is_named(
    market: Engine, more: dict[str, str], field: str, step: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await walk(market, "linea-barrio", **{"pattern": "venues_by_promoter", **more})  # type: ignore[arg-type]
    assert (refused.value.field, refused.value.next_step) == (field, step)


async def test_a_change_of_a_feature_is_found_behind_the_pages_of_a_venue(three_graphs: Engine) -> None:
    findings = await walk(three_graphs, "farolillo", "impact", graphs=("knowledge", "operations"))
    assert told(findings) == [
        "farolillo <ABOUT guia-de-teatros <IMPACTS mapa",
        "farolillo <HOSTED_BY noche-de-farol <ABOUT agenda-de-farol <IMPACTS boton",
    ]
    queries = [step for step in findings.trace.steps if step.name in {"operations", "knowledge"}]
    assert [(step.name, step.rows) for step in queries] == [("operations", 2), ("operations", 1), ("knowledge", 2)]
    assert all(step.ms > 0 and step.note for step in queries)


async def test_where_no_ids_meet_the_nearest_texts_do(three_graphs: Engine) -> None:
    findings = await walk(three_graphs, "plazoleta", "impact")
    assert told(findings)[0] == "plazoleta <ABOUT conciertos-gratis >NEAREST filtro-gratis"
    queries = [(step.name, step.rows > 0) for step in findings.trace.steps if step.name not in {"start", "hydrate"}]
    assert queries == [("operations", True), ("knowledge", False), ("vectors", True)]
    assert {edge.type for edge in findings.trace.edges} == {"ABOUT"}
    back = await walk(three_graphs, "filtro-gratis", "impact")
    assert told(back)[0] == "filtro-gratis >NEAREST conciertos-gratis >ABOUT plazoleta"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("mapa", {"guia-de-teatros", "ingresos", "farolillo"}),
        ("mapa-render", {"mapa", "guia-de-teatros", "ingresos"}),
        ("mapa-datos", {"mapa"}),
        ("mapa-nuevo", {"mapa", "guia-de-teatros", "ingresos"}),
        ("ubicacion", {"guia-de-teatros", "ingresos"}),
        ("guia-de-teatros", {"mapa", "mapa-render", "mapa-nuevo"}),
        ("ingresos", {"mapa", "mapa-render", "mapa-nuevo"}),
        ("noche-de-farol", {"boton"}),
        ("tres-faroles", {"boton"}),
        ("orilla", {"buscador"}),
    ],
)
async def test_impact_goes_from_code_to_places_and_back(three_graphs: Engine, start: str, expected: set[str]) -> None:
    findings = await walk(three_graphs, start, "impact")
    assert {hit.card.ref for hit in findings.hits} == expected
    assert sum(step.name in {"operations", "knowledge"} for step in findings.trace.steps) <= 3


@pytest.mark.parametrize(
    ("start", "by_people", "else_by"),
    [
        ("beto-sol", {"ana-luz", "noche-de-farol"}, set()),
        ("noche-de-farol", {"ana-luz", "beto-sol", "carla-sombra"}, {"abril-encendido", "agenda-de-farol"}),
        ("farolillo", {"ana-luz", "carla-sombra"}, {"guia-de-teatros", "abril-encendido", "agenda-de-farol"}),
        ("tres-faroles", {"ana-luz", "carla-sombra"}, {"agenda-de-farol", "abril-encendido"}),
        ("agenda-de-farol", set(), {"noche-de-farol", "tres-faroles"}),
        ("abril-encendido", set(), {"noche-de-farol"}),
    ],
)
async def test_influence_is_what_moved_or_was_moved_and_for_staff_also_by_whom(
    three_graphs: Engine, start: str, by_people: set[str], else_by: set[str]
) -> None:
    assert set(await refs(three_graphs, start, "influence")) == else_by
    assert set(await refs(three_graphs, start, "influence", scope=Scope(role="staff"))) == by_people | else_by


async def test_similar_features_and_concepts_are_found_in_the_knowledge_graph(three_graphs: Engine) -> None:
    assert await refs(three_graphs, "mapa-render", "similar") == []
    assert set(await refs(three_graphs, "ubicacion", "neighbors")) == {"mapa"}


async def test_notes_are_walked_in_their_own_graph(three_graphs: Engine) -> None:
    findings = await walk(three_graphs, "dato-farol", "neighbors")
    assert findings.lens == "memory"
    assert {hit.card.ref for hit in findings.hits} == {"charla", "dato-orilla"}


async def test_an_open_walk_goes_as_far_as_its_hops(three_graphs: Engine) -> None:
    one, two, three = [await refs(three_graphs, "farolillo", "neighbors", max_hops=hops) for hops in (1, 2, 3)]
    assert set(one) == {"noche-de-farol", "guia-de-teatros"}
    assert set(two) - set(one) == {"tres-faroles", "faro", "agenda-de-farol", "abril-encendido"}
    assert set(three) == set(two)


async def test_a_page_is_at_home_in_one_graph_and_known_in_the_other(three_graphs: Engine) -> None:
    assert set(await refs(three_graphs, "guia-de-teatros", "neighbors")) == {"farolillo"}
    assert set(await refs(three_graphs, "guia-de-teatros", "neighbors", graphs=("knowledge",))) == {"mapa"}


async def test_stores_agree_on_what_stands_in_two_graphs(three_graphs: Engine) -> None:
    assert [comparison.agrees for comparison in await three_graphs.compare()] == [True, True, True]


async def test_weak_evidence_can_be_left_out(three_graphs: Engine) -> None:
    assert await refs(three_graphs, "farolillo", "impact", min_confidence=0.5) == ["mapa"]


async def test_staff_see_who_stands_behind_a_place_and_others_do_not(three_graphs: Engine) -> None:
    assert "carla-sombra" in await refs(three_graphs, "farolillo", "neighbors", scope=STAFF)
    assert "carla-sombra" not in await refs(three_graphs, "farolillo", "neighbors")
    with pytest.raises(NotFound):
        await walk(three_graphs, "carla-sombra", "influence")


async def test_a_fan_is_not_shown_who_shared_or_paid(three_graphs: Engine) -> None:
    assert set(await refs(three_graphs, "noche-de-farol", "neighbors", lens="fan", scope=STAFF)) == {
        "farolillo", "tres-faroles", "faro", "agenda-de-farol",
    }  # fmt: skip


@pytest.mark.parametrize("role", ["organizer", "ingest", "privacy"])
async def test_what_is_known_of_our_code_is_not_for_every_role(three_graphs: Engine, role: Role) -> None:
    with pytest.raises(NotAllowed, match=f"The knowledge lens is not for the role '{role}'"):
        await walk(three_graphs, "mapa", "impact", scope=Scope(role=role))


async def test_before_anything_was_known_a_walk_leads_nowhere(three_graphs: Engine) -> None:
    assert await refs(three_graphs, "farolillo", "impact", as_of=NOW - timedelta(days=1)) == []
    assert len(await refs(three_graphs, "farolillo", "impact", as_of=NOW + timedelta(days=1))) == 2


async def test_as_of_then_a_walk_leads_where_it_led_and_by_the_names_of_then(home: Path) -> None:
    told: JsonObject = {
        "kind": "event", "source_id": "e1", "starts_at": "2026-11-28T21:00:00-05:00", "market": "medellin",
        "lineup": [{"name": "Los Mudanzas", "source_id": "a1"}],
    }  # fmt: skip
    before: JsonObject = {"name": "Noche en el Patio", "venue": {"name": "El Patio", "source_id": "v1"}}
    after: JsonObject = {"name": "Noche en la Azotea", "venue": {"name": "La Azotea", "source_id": "v2"}}
    async with Engine.open(Settings(home=home, now=NOW - timedelta(days=2))) as engine:
        await deliver_projected(engine, {**told, **before})
    async with Engine.open(Settings(home=home, now=NOW)) as engine:
        await deliver_projected(engine, {**told, **after})
        assert await refs(engine, "El Patio", "artists_at_venue") == []
        assert await refs(engine, "La Azotea", "artists_at_venue") == ["los-mudanzas"]
        then = await walk(engine, "El Patio", "artists_at_venue", as_of=NOW - timedelta(days=1))
        assert [[step.end.name for step in hit.path] for hit in then.hits] == [["Noche en el Patio", "Los Mudanzas"]]
        around = await walk(engine, "Los Mudanzas", "neighbors", as_of=NOW - timedelta(days=1))
        assert [(hit.card.name, hit.card.venue) for hit in around.hits] == [("Noche en el Patio", "El Patio")]


async def test_pages_hold_every_hit_once_and_in_order(market: Engine) -> None:
    whole = await refs(market, "nebula", "neighbors", max_hops=3)
    paged = []
    for offset in range(0, len(whole), 4):
        paged += await refs(market, "nebula", "neighbors", max_hops=3, limit=4, offset=offset)
    assert paged == whole
