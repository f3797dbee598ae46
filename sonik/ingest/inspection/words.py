"""What columns are called in Spanish, Portuguese and English, and whose attribute a name speaks of."""

import re
from dataclasses import dataclass
from typing import Final

from sonik.identity.names import fold
from sonik.types import JsonValue

# Whose attribute it is: the words that turn "name" into the name of a venue.
SUBJECTS: Final = {
    "venue": "venue venues place lugar lugares sala local club recinto espacio espaco space teatro sitio sede escenario"
    " location locale boliche salon bar auditorio",
    "lineup": "artist artists artista artistas lineup dj djs band bands banda bandas performer performers cast elenco"
    " act acts musico musicos grupo atracao atracoes headliner",
    "promoters": "organizer organizers organiser organizador organizadora organizadores organiza organizacion promoter"
    " promoters promotor promotora productora producer produtora realizador host convoca presenta",
    "event": "event events evento eventos show shows gig concierto actividad atividade espectaculo funcion",
}
_WORD_SUBJECTS: Final = {word: subject for subject, words in SUBJECTS.items() for word in words.split()}

# What is said: each phrase is a whole name ("start date"), or the telling part of a longer one.
ATTRIBUTES: Final = {
    "name": "name|nombre|nome|title|titulo|titular|headline|heading|summary|denominacion|full name|nombre completo",
    "source_id": "id|uid|uuid|guid|ref|reference|referencia|code|codigo|key|clave|slug|external id|id externo|folio"
    "|spotify id",
    "description": "description|descripcion|descricao|details|detalle|detalles|body|texto|sinopsis|sinopse|bio"
    "|biografia|about|contenido|content|resumen|resumo|resena|info|informacion|observaciones",
    "starts_at": "start|starts|starts at|start at|start date|start time|startdate|date|dates|fecha|fecha inicio"
    "|fecha de inicio|fecha hora|fecha y hora|inicio|inicia|comienzo|data|data inicio|data de inicio|when|cuando"
    "|quando|dtstart|begin|begins|begin date|desde|dia|day|datetime|date time|start datetime|starttime|timestamp",
    "hour": "hour|hora|hora inicio|hora de inicio|horario|time|start hour|apertura|doors|puertas",
    "ends_at": "end|ends|ends at|end at|end date|end time|enddate|fin|fecha fin|fecha de fin|fecha termino|termino"
    "|termina|final|fim|data fim|data final|dtend|hasta|ate|until|endtime|end datetime|fecha final",
    "market": "market|mercado|region|plaza",
    "genres": "genre|genres|genero|generos|category|categories|categoria|categorias|tag|tags|etiqueta|etiquetas|estilo"
    "|estilos|style|styles|tipo|type|rubro|disciplina",
    "price_min": "price|precio|precios|preco|valor|cost|costo|custo|price min|min price|precio min|precio minimo"
    "|precio desde|desde precio|entrada|cover|tarifa|price from|ticket price|precio entrada|amount|preco minimo",
    "price_max": "price max|max price|precio max|precio maximo|precio hasta|price to|preco maximo",
    "currency": "currency|moneda|moeda|divisa|price currency|currency code",
    "is_free": "free|gratis|gratuito|gratuita|is free|es gratis|es gratuito|entrada libre|entrada gratis",
    "ticket_url": "ticket|tickets|tickets url|ticket url|ticket link|entradas|entradas url|boletas|boletos|ingressos"
    "|link ingressos|link entradas|buy url|comprar|compra|tiquetes|ticketera",
    "url": "url|link|enlace|permalink|source url|official url|page|pagina|href|web|website|url evento|spotify url",
    "image_url": "image|imagen|imagem|image url|foto|photo|picture|poster|flyer|afiche|thumbnail|img|cartel|banner",
    "status": "status|estado|situacao|situacion|state",
    "language": "language|idioma|lang|lengua",
    "address": "address|direccion|endereco|street|calle|rua|domicilio|ubicacion|street address|full address",
    "city": "city|ciudad|cidade|town|municipio|localidad|comuna|commune",
    "lat": "lat|latitude|latitud",
    "lng": "lng|lon|long|longitude|longitud",
    "point": "coordinates|coordenadas|coords|geo|latlng|lat lng|lat lon|gps|point|geopoint",
    "capacity": "capacity|aforo|capacidad|capacidade|lotacao|cupo",
    "instagram": "instagram|ig|insta|instagram url|instagram handle|usuario instagram",
    "website": "site|sitio|sitio web|homepage|home page|domain|dominio|pagina web",
    "email": "email|e mail|mail|correo|correo electronico|contacto email",
    "phone": "phone|telephone|telefono|telefone|tel|celular|mobile|movil|whatsapp|fone",
    "google_place_id": "place id|google place id|google places id|google id|gmaps id|placeid",
}
_PHRASES: Final = {phrase: attribute for attribute, text in ATTRIBUTES.items() for phrase in text.split("|")}
_STATUSES: Final = {
    "scheduled": "scheduled confirmed active published programado confirmado activo ativo publicado vigente on",
    "cancelled": "cancelled canceled cancelado cancelada suspendido suspendida",
    "postponed": "postponed pospuesto postergado aplazado adiado reprogramado rescheduled",
    "sold_out": "soldout agotado agotada esgotado",
}
_STATUS_OF: Final = {word: status for status, words in _STATUSES.items() for word in words.split()}
# Words that say nothing of their own in a column's name.
_FILLERS: Final = frozenset("de del da do la el the of en in fields attributes properties".split())
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MAX_READ: Final = 120

# GeoJSON writes the longitude first.
_DEGREES: Final = {"coordinates 0": "lng", "coordinates 1": "lat"}

WHOLE, PART = 1.0, 0.7


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What a column's name may mean: whose attribute, which one, and how much of the name says so (0 to 1)."""

    subject: str | None
    attribute: str
    strength: float


def meaning(path: str) -> Meaning | None:
    """Return what a column is by its name, or None when the name tells nothing."""
    words = _words(path)
    subject = next((_WORD_SUBJECTS[word] for word in reversed(words) if word in _WORD_SUBJECTS), None)
    if degree := _DEGREES.get(" ".join(words[-2:])):
        return Meaning(subject=subject, attribute=degree, strength=WHOLE)
    whole = _attribute(words)
    if whole is not None and (subject is None or whole[1] == WHOLE):
        return Meaning(subject=subject if len(words) > 1 else None, attribute=whole[0], strength=whole[1])
    if subject is None:
        return None
    rest = [word for word in words if word not in _WORD_SUBJECTS]
    if not rest or all(word.isdecimal() for word in rest):
        return Meaning(subject=subject, attribute="name", strength=WHOLE)
    found = _attribute(rest)
    return Meaning(subject=subject, attribute=found[0], strength=found[1]) if found else None


def status_of(value: JsonValue) -> str | None:
    """Return the status of an event that a word names."""
    return _STATUS_OF.get(fold(value).replace(" ", "")) if isinstance(value, str) and len(value) < MAX_READ else None


def _attribute(words: list[str]) -> tuple[str, float] | None:
    phrases = (" ".join(words), " ".join(word for word in words if word not in _FILLERS))
    for phrase in phrases:
        if phrase in _PHRASES:
            return _PHRASES[phrase], WHOLE
    for length in range(len(words) - 1, 0, -1):
        # The last words tell most: "precio_minimo", but "inicio_venta" only in part.
        for start in range(len(words) - length, -1, -1):
            phrase = " ".join(words[start : start + length])
            if phrase in _PHRASES:
                return _PHRASES[phrase], PART
    return None


def _words(path: str) -> list[str]:
    spaced = _CAMEL.sub(" ", path[-MAX_READ:])
    return fold(spaced.replace("_", " ").replace(".", " ").replace("-", " ")).split()
