"""What pages say, in the language of whoever reads them."""

import re
from typing import get_args

from sonik.types import Language, Role

LANGUAGES: dict[Language, str] = {"es": "Español", "pt": "Português", "en": "English"}
LONGEST_HEADER = 500
_RANGE = re.compile(r"\s*([a-z]{1,8})(?:-[a-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE)

WORDS: dict[Language, dict[str, str]] = {
    "es": {
        "skip": "Ir al contenido", "language": "Idioma", "sign_in": "Entrar", "sign_out": "Salir",
        "sign_out_everywhere": "Salir en todos los dispositivos", "name": "Nombre", "password": "Contraseña",
        "welcome": "Hola de nuevo", "lead": "Entra con el nombre que te dieron.",
        "wrong": "El nombre o la contraseña no son correctos.",
        "wait": "Demasiados intentos. Prueba otra vez en {seconds} s.",
        "left": "Has salido.", "needed": "Entra para continuar.", "desk": "Mesa de trabajo",
        "as": "Has entrado como", "role": "Función", "organisation": "Organización", "platform": "Toda la plataforma",
        "since": "Desde", "collection": "Colección", "session": "Tu sesión",
        "ends": "Termina tras {idle} min sin uso, y a las {hours} h en todo caso.",
        "form_title": "Este formulario ya no vale",
        "form": "Se abrió hace mucho, en otra sesión o desde otro sitio. No se ha cambiado nada.",
        "away_title": "Sonik no está disponible ahora",
        "away": "No se ha cambiado nada. Prueba otra vez en un momento.",
        "refused_title": "Esto no se puede hacer", "failed_title": "Algo ha fallado",
        "failed": "No es culpa tuya. Si se repite, avisa a quien lleva Sonik y dile este número: {incident}.",
        "plain_title": "Aquí no se puede entrar",
        "plain": "La conexión no está cifrada. Usa la dirección https de Sonik.",
        "back": "Volver a empezar",
    },
    "pt": {
        "skip": "Ir para o conteúdo", "language": "Idioma", "sign_in": "Entrar", "sign_out": "Sair",
        "sign_out_everywhere": "Sair em todos os dispositivos", "name": "Nome", "password": "Senha",
        "welcome": "Olá de novo", "lead": "Entre com o nome que você recebeu.",
        "wrong": "O nome ou a senha não estão corretos.",
        "wait": "Tentativas demais. Tente de novo em {seconds} s.",
        "left": "Você saiu.", "needed": "Entre para continuar.", "desk": "Mesa de trabalho",
        "as": "Você entrou como", "role": "Função", "organisation": "Organização", "platform": "Toda a plataforma",
        "since": "Desde", "collection": "Coleção", "session": "Sua sessão",
        "ends": "Termina após {idle} min sem uso e, em todo caso, após {hours} h.",
        "form_title": "Este formulário não vale mais",
        "form": "Foi aberto há muito tempo, em outra sessão ou a partir de outro site. Nada foi alterado.",
        "away_title": "O Sonik não está disponível agora", "away": "Nada foi alterado. Tente de novo em instantes.",
        "refused_title": "Isto não pode ser feito", "failed_title": "Algo deu errado",
        "failed": "Não é culpa sua. Se acontecer de novo, avise quem cuida do Sonik e informe este número: {incident}.",
        "plain_title": "Não é possível entrar por aqui",
        "plain": "A conexão não é cifrada. Use o endereço https do Sonik.",
        "back": "Começar de novo",
    },
    "en": {
        "skip": "Skip to content", "language": "Language", "sign_in": "Sign in", "sign_out": "Sign out",
        "sign_out_everywhere": "Sign out everywhere", "name": "Name", "password": "Password",
        "welcome": "Welcome back", "lead": "Sign in with the name you were given.",
        "wrong": "The name or the password is not right.",
        "wait": "Too many attempts. Try again in {seconds} s.",
        "left": "You are signed out.", "needed": "Sign in to go on.", "desk": "Desk",
        "as": "Signed in as", "role": "Role", "organisation": "Organisation", "platform": "The whole platform",
        "since": "Since", "collection": "Collection", "session": "Your session",
        "ends": "It ends after {idle} min without use, and after {hours} h in any case.",
        "form_title": "This form is no longer valid",
        "form": "It was opened long ago, in another session or from another site. Nothing was changed.",
        "away_title": "Sonik is not available right now", "away": "Nothing was changed. Try again in a moment.",
        "refused_title": "This cannot be done", "failed_title": "Something went wrong",
        "failed": "It is not your fault. If it happens again, tell whoever runs Sonik this number: {incident}.",
        "plain_title": "You cannot sign in here",
        "plain": "The connection is not encrypted. Use Sonik's https address.",
        "back": "Start again",
    },
}  # fmt: skip

ROLES: dict[Language, dict[Role, str]] = {
    "es": {
        "reader": "Lectura", "organizer": "Organización de eventos", "content": "Contenido", "ingest": "Ingesta",
        "ops": "Operación", "privacy": "Privacidad", "human": "Aprobación", "staff": "Equipo",
    },
    "pt": {
        "reader": "Leitura", "organizer": "Organização de eventos", "content": "Conteúdo", "ingest": "Ingestão",
        "ops": "Operação", "privacy": "Privacidade", "human": "Aprovação", "staff": "Equipe",
    },
    "en": {
        "reader": "Reader", "organizer": "Organiser", "content": "Content", "ingest": "Ingest", "ops": "Operations",
        "privacy": "Privacy", "human": "Approver", "staff": "Staff",
    },
}  # fmt: skip


def known(language: str | None) -> Language | None:
    """Return a language we speak; None for another."""
    return next((one for one in get_args(Language) if one == language), None)


def preferred(accepted: str) -> Language:
    """Return the language that an Accept-Language header prefers among ours; Spanish where it names none."""
    best: tuple[float, Language] = (0.0, "es")
    for part in accepted[:LONGEST_HEADER].split(","):
        found = _RANGE.fullmatch(part)
        language = known(found[1].lower()) if found else None
        weight = float(found[2] or 1) if found else 0.0
        if language is not None and weight > best[0]:
            best = weight, language
    return best[1]
