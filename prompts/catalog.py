"""The one list of prompts: name, title, what it is for, its arguments, and how it is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_args

from prompts.texts import filled
from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import clean_text
from sonik.retrieval.vocabulary import Vocabulary
from sonik.types import Language

LANGUAGES: tuple[str, ...] = get_args(Language)
LONGEST_INTEREST = 120
# Where people speak another language than Spanish.
SPOKEN: Mapping[str, Language] = {"BR": "pt", "DE": "en"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptArgument:
    """What a prompt is given."""

    name: str
    about: str
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """A text for an agent to work by, with gaps."""

    name: str
    title: str
    about: str
    arguments: tuple[PromptArgument, ...]
    write: Callable[[Mapping[str, str], Vocabulary], str]

    def written(self, given: Mapping[str, str], *, vocabulary: Vocabulary) -> str:
        """Return the text with its gaps filled.

        Raises:
            InvalidInput: an argument is missing, unknown or wrong.
        """
        known = [argument.name for argument in self.arguments]
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known)
                raise InvalidInput(f"There is no argument '{name[:40]}'.", next_step=hint, field="arguments")
        for argument in self.arguments:
            if argument.required and not given.get(argument.name, "").strip():
                step = f"Pass {argument.name}: {argument.about}."
                raise InvalidInput(f"{self.name} needs {argument.name}.", next_step=step, field=argument.name)
        return self.write(given, vocabulary)


def _explore_market(given: Mapping[str, str], vocabulary: Vocabulary) -> str:
    market = vocabulary.market(given["market"])
    language = _language(given.get("language", ""), country=market.country)
    # It stands within a line and within JSON.
    words = clean_text(given.get("interest", ""), max_length=LONGEST_INTEREST).split()
    interest = " ".join(words).replace('"', "'").replace("\\", "/")
    values = {"name": market.name, "slug": market.slug, "currency": market.currency, "interest": interest}
    return filled("explore_market", language, values)


def _language(given: str, *, country: str) -> Language:
    for language in get_args(Language):
        if given.strip().lower() == language:
            found: Language = language
            return found
    if given.strip():
        hint = did_you_mean(given, list(LANGUAGES))
        raise InvalidInput(f"There is no text in '{given[:20]}'.", next_step=hint, field="language")
    return SPOKEN.get(country, "es")


PROMPTS: tuple[Prompt, ...] = (
    Prompt(
        name="explore_market",
        title="Explore a market",
        about="Find out what is on in a city tonight and this weekend, and tell it briefly with sources.",
        arguments=(
            PromptArgument(name="market", about="slug or name of a city, e.g. medellin", required=True),
            PromptArgument(name="language", about="es, pt or en; the market's if left out"),
            PromptArgument(name="interest", about="what the person likes, e.g. salsa or free concerts"),
        ),
        write=_explore_market,
    ),
)
BY_NAME = {prompt.name: prompt for prompt in PROMPTS}
