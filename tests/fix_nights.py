"""What is on in the sample market around the moment the tests ask, a Saturday at 15:00 in Medellín."""

TONIGHT = [
    "sabado-orquidea-2026-11-21",
    "salsa-desde-cero-2026-11-21",
    "el-inquilino-del-sotano-funcion-con-charla-2026-11-21",
    "cuarteto-niquia-blue-tile-sessions-2026-11-21",
    "sonora-del-ceibal-bajo-la-enramada-2026-11-21",
    "la-noche-de-candil-2026-11-21",
    "trasnoche-electrica-tarabita-2026-11-21",  # starts at 00:30 and belongs to the evening
    "subsuelo-2026-11-21",  # at 02:00
]
SUNDAY = [
    "titeres-y-mandarinas-2026-11-22",
    "domingo-de-vermu-y-son-2026-11-22",
    "irene-solaz-concierto-intimo-2026-11-22",
    "los-improbables-contra-el-publico-2026-11-22",
    "gaitas-del-nus-rio-abajo-2026-11-22",
]
WEDNESDAY = [  # without the cancelled concert at 20:00
    "cine-mudo-con-piano-2026-11-25",
    "big-band-del-tranvia-seventeen-and-counting-2026-11-25",
    "miercoles-de-microfono-abierto-2026-11-25",
    "las-totumas-de-uraba-en-rueda-grande-2026-11-25",
]
