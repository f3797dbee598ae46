"""Frozen questions over the sample market, asked through MCP on a Saturday at 15:00: what must come back, by ref."""

import pytest
from mcp import Client

from tests.fix_mcp import Json, data_of
from tests.fix_nights import SUNDAY, TONIGHT, WEDNESDAY

pytestmark = pytest.mark.anyio


async def hits(client: Client, query: str, **more: object) -> list[Json]:
    """Return the hits of a question."""
    told = {"query": query, "max_tokens": 6_000, **more}
    found: list[Json] = data_of(await client.call_tool("sonik_search", told))["hits"]
    return found


async def refs(client: Client, query: str, **more: object) -> list[str]:
    """Return the refs of a question's hits."""
    return [hit["ref"] for hit in await hits(client, query, **more)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("¿Qué hay esta noche en Medellín?", TONIGHT),
        ("What's on tonight in Medellin?", TONIGHT),
        ("O que tem hoje à noite em Medellín?", TONIGHT),
        ("¿Qué hay este finde?", [*TONIGHT, *SUNDAY]),
        ("what's on this weekend", [*TONIGHT, *SUNDAY]),
        ("o que rola neste fim de semana", [*TONIGHT, *SUNDAY]),
        ("¿Qué hay mañana?", SUNDAY),
        ("conciertos el miércoles", WEDNESDAY),
        ("¿Qué hay el 25 de noviembre?", WEDNESDAY),
        ("¿Qué hay el 25?", WEDNESDAY),
        (
            "¿qué hay después de medianoche hoy?",
            [
                "trasnoche-electrica-tarabita-2026-11-21",
                "subsuelo-2026-11-21",
                "sonora-del-ceibal-bajo-la-enramada-2026-11-21",  # these two began before and go on
                "la-noche-de-candil-2026-11-21",
            ],
        ),
        ("conciertos en Bogotá este finde", []),
    ],
)
async def test_a_question_for_a_time_is_answered_with_all_of_it_in_order(
    memory_client: Client, question: str, expected: list[str]
) -> None:
    assert await refs(memory_client, question, limit=20) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("techno hoy", ["subsuelo-2026-11-21"]),
        ("festa de techno sábado", ["subsuelo-2026-11-21"]),
        ("jazz esta noche", ["cuarteto-niquia-blue-tile-sessions-2026-11-21"]),
        ("reggaeton el jueves", ["jueves-cero-cover-2026-11-26"]),
        ("stand-up comedy tomorrow", ["los-improbables-contra-el-publico-2026-11-22"]),
        (
            "conciertos de jazz la próxima semana",
            ["big-band-del-tranvia-seventeen-and-counting-2026-11-25", "choro-na-esquina-2026-11-27"],
        ),
        (
            "conciertos de rock en diciembre",
            ["guabina-nueva-tiples-electricos-2026-12-01", "avenida-temblor-motor-de-agua-2026-12-05"],
        ),
        ("salsa esta noche por menos de 20 mil", ["salsa-desde-cero-2026-11-21"]),
        ("under 20000 tonight", ["salsa-desde-cero-2026-11-21", "trasnoche-electrica-tarabita-2026-11-21"]),
        ("algo por 15 mil o menos hoy", ["salsa-desde-cero-2026-11-21", "trasnoche-electrica-tarabita-2026-11-21"]),
        (
            "salsa este finde en Medellín bajo 50 mil",
            [
                "salsa-desde-cero-2026-11-21",
                "sonora-del-ceibal-bajo-la-enramada-2026-11-21",
                "domingo-de-vermu-y-son-2026-11-22",
            ],
        ),
        ("hip-hop gratis el miércoles", ["miercoles-de-microfono-abierto-2026-11-25"]),
        (
            "eventos gratis la próxima semana",
            [
                "mercado-de-discos-y-empanadas-2026-11-23",
                "miercoles-de-microfono-abierto-2026-11-25",
                "quien-cuenta-el-barrio-2026-11-26",
                "trova-y-cafe-cargado-2026-11-26",
                "jueves-cero-cover-2026-11-26",
                "inauguracion-retratos-con-hambre-2026-11-27",
                "aguacerito-festival-para-ninos-2026-11-29",
            ],
        ),
        (
            "conciertos cerca de 6.2463,-75.5937 a 1 km hoy",
            ["salsa-desde-cero-2026-11-21", "la-noche-de-candil-2026-11-21"],
        ),
        ("cerca de 6.17233,-75.60902 el viernes", ["viernes-de-cobre-2026-11-27"]),
    ],
)
async def test_genre_price_and_place_narrow_a_time_and_keep_its_order(
    memory_client: Client, question: str, expected: list[str]
) -> None:
    assert await refs(memory_client, question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("¿Qué hay en La Trasnochada esta semana?", ["trasnoche-electrica-tarabita-2026-11-21"]),
        ("programação do El Azulejo Jazz esta semana", ["cuarteto-niquia-blue-tile-sessions-2026-11-21"]),
        (
            "conciertos en La Trasnochada la próxima semana",
            ["sesion-de-madrugada-hilo-rojo-2026-11-24", "trasnoche-de-salsa-dura-2026-11-27"],
        ),
        ("who's playing at El Azulejo Jazz tonight", ["cuarteto-niquia"]),
        ("quem toca no El Azulejo Jazz hoje", ["cuarteto-niquia"]),
        ("quién toca el viernes en Sótano Turquesa", ["dulce-modular", "nebula"]),
        ("who plays at Casa Níspero on Saturday 28", ["ventana-al-cerro"]),
        ("eventos de Parche Vivo esta semana", ["irene-solaz-concierto-intimo-2026-11-22"]),
        (
            "Colectivo Clave Mayor eventos este finde",
            [
                "domingo-de-vermu-y-son-2026-11-22",
                "salsa-desde-cero-2026-11-21",
                "sonora-del-ceibal-bajo-la-enramada-2026-11-21",
            ],
        ),
        (
            "qué eventos organiza Pulso Norte esta noche",
            [
                "la-noche-de-candil-2026-11-21",
                "sabado-orquidea-2026-11-21",
                "subsuelo-2026-11-21",
                "trasnoche-electrica-tarabita-2026-11-21",
            ],
        ),
        ("quién toca esta noche en Quito", []),
        ("clubes de techno", ["nave-cascajo", "sotano-turquesa"]),
    ],
)
async def test_a_question_about_somebody_at_a_time_brings_these_and_no_other(
    memory_client: Client, question: str, expected: list[str]
) -> None:
    assert sorted(await refs(memory_client, question)) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "próximos conciertos de Sonora del Ceibal",
            [
                "sonora-del-ceibal-bajo-la-enramada-2026-11-21",
                "sonora-del-ceibal-gran-baile-2026-12-07",
                "trasnoche-con-la-sonora-del-ceibal-2026-12-19",
            ],
        ),
        (
            "when does Sonora Ceibal play next?",
            ["sonora-ceibal-baile-de-porro-2026-12-04", "sonora-ceibal-en-la-plazoleta-2026-12-18"],
        ),
        (
            "próximos shows de Nébula",
            ["viernes-turquesa-2026-11-27", "cascajo-total-2026-12-05", "viernes-turquesa-2026-12-11"],
        ),
        ("Nebulae próximos conciertos", ["postales-lo-fi-2026-12-03", "nebulae-ventana-al-cerro-2026-12-12"]),
        ("quando toca o Choro da Esquina?", ["choro-na-esquina-2026-11-27", "noite-de-bossa-e-chuva-2026-12-02"]),
        (
            "eventos de Bellaflow Entertainment",
            [
                "jueves-cero-cover-2026-11-26",
                "nando-brea-presenta-asfalto-mojado-2026-12-03",
                "jueves-cero-cover-2026-12-03",
                "mecha-madrugada-con-mia-zafiro-2026-12-04",
                "jueves-cero-cover-2026-12-10",
                "jueves-cero-cover-2026-12-17",
            ],
        ),
        ("conciertos de Nébula en el Sótano Turquesa", ["viernes-turquesa-2026-11-27", "viernes-turquesa-2026-12-11"]),
        ("Subsuelo", ["subsuelo-2026-11-21", "subsuelo-2026-11-28", "subsuelo-2026-12-05"]),
        ("reggaeton gratis", ["jueves-cero-cover-2026-11-26", "jueves-cero-cover-2026-12-03"]),
    ],
)
async def test_what_is_still_to_come_leads_with_what_comes_first(
    memory_client: Client, question: str, expected: list[str]
) -> None:
    assert (await refs(memory_client, question))[: len(expected)] == expected


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("what's on at Sala Tángara this week", "avenida-temblor-a-todo-poste-2026-11-23"),
        ("quién toca en Guayacán y Timbal esta semana", "charanga-setenta-y-pico"),
        ("free events this weekend", "mercado-de-discos-y-empanadas-2026-11-23"),
    ],
)
async def test_when_nothing_fits_the_time_the_nearest_after_it_leads_and_that_is_said(
    memory_client: Client, question: str, first: str
) -> None:
    answer = data_of(await memory_client.call_tool("sonik_search", {"query": question}))
    assert answer["hits"][0]["ref"] == first
    assert answer["notes"][0].startswith("Nothing fits '")


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Sonora del Ceibal", "sonora-del-ceibal"),
        ("Sonora Ceibal", "sonora-ceibal"),
        ("quién es Nébula", "nebula"),
        ("who is Nebulae", "nebulae"),
        ("Irene Solas", "irene-solaz"),
        ("trio barranca", "trio-barranca"),
        ("@lomaybongo", "orquesta-loma-y-bongo"),
        ("@guayacanytimbal", "guayacan-y-timbal"),
        ("@sonora.ceibal.cumbia", "sonora-ceibal"),
        ("https://instagram.com/lomaybongo", "orquesta-loma-y-bongo"),
        ("ChIJl4sSfAYrH5wRQ-Bi-ZKqQYU", "guayacan-y-timbal"),
        ("pulsonorte.example", "pulso-norte-producciones"),
        ("El Guayacán de Laureles", "guayacan-y-timbal"),
        ("¿dónde queda El Tornillo Suelto?", "el-tornillo-suelto"),
        ("dónde toca Verso Parcero", "piso-trece-bis"),
        ("salas de conciertos en Itagüí", "cobre-y-cuero"),
        ("promotores de rock", "parche-vivo"),
        ("quién organiza el Festival Aguacero", "fundacion-aguacero"),
        ("Subsuelo esta noche", "subsuelo-2026-11-21"),
        ("trasnoche de salsa dura", "trasnoche-de-salsa-dura-2026-11-27"),
        ("something for kids on Sunday", "titeres-y-mandarinas-2026-11-22"),
        ("teatro infantil el domingo", "titeres-y-mandarinas-2026-11-22"),
        ("roda de samba", "samba-do-morro-verde-roda-de-quintal-2026-11-24"),
        ("talleres de cerámica", "ceramica-a-cuatro-manos-2026-12-10"),
        ("¿Cuándo fue Coral Alameda: Otras Luces?", "coral-alameda-otras-luces-2026-11-18"),
        ("El Inquilino del Sótano: preestreno", "el-inquilino-del-sotano-preestreno-2026-11-16"),
        ("Nebulae: Sleepless Sequences", "nebulae-sleepless-sequences-2026-11-17"),
        ("Viernes de Cobre del 20 de noviembre", "viernes-de-cobre-2026-11-20"),
    ],
)
async def test_the_one_asked_for_comes_first(memory_client: Client, question: str, first: str) -> None:
    assert (await refs(memory_client, question))[0] == first


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("artistas de reggaeton", ["dj-tatabra", "mia-zafiro", "nando-brea", "yeiko-604"]),
        ("where can I dance salsa tonight?", ["guayacan-y-timbal", "la-enramada-del-valle"]),
        ("la sonora ceibal vs la sonora del ceibal", ["sonora-ceibal", "sonora-del-ceibal"]),
    ],
)
async def test_the_ones_asked_for_come_first_in_any_order(
    memory_client: Client, question: str, expected: list[str]
) -> None:
    assert sorted((await refs(memory_client, question))[: len(expected)]) == expected


async def test_the_artists_of_a_festival_are_those_of_its_days(memory_client: Client) -> None:
    found = await hits(memory_client, "qué artistas tocan en el Festival Aguacero")
    assert all("Aguacer" in hit.get("why", "") for hit in found)


@pytest.mark.parametrize(
    ("question", "first", "status"),
    [
        ("Motor de Agua lanzamiento de Represa", "motor-de-agua-lanzamiento-de-represa-2026-11-25", "cancelled"),
        ("¿cuándo es Danza Raizal Cuerpos de Sal?", "danza-raizal-cuerpos-de-sal-2026-11-26", "postponed"),
        ("Cuarteto Aburrá: Noche Transfigurada", "cuarteto-aburra-noche-transfigurada-2026-11-23", "moved"),
        ("Irene Solaz concierto íntimo", "irene-solaz-concierto-intimo-2026-11-22", "sold_out"),
    ],
)
async def test_an_event_asked_for_by_name_tells_that_it_is_off(
    memory_client: Client, question: str, first: str, status: str
) -> None:
    hit = (await hits(memory_client, question))[0]
    assert (hit["ref"], hit["status"]) == (first, status)


async def test_portuguese_is_heard_in_a_short_question(memory_client: Client) -> None:
    answer = data_of(await memory_client.call_tool("sonik_search", {"query": "eventos grátis no fim de semana"}))
    assert answer["understood"]["language"] == "pt"
