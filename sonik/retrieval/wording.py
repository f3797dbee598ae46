"""The words of a question: how they are cut and folded, which carry no meaning, and how phrases are found."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sonik.identity.names import fold, strip_invisible
from sonik.types import Language

T = TypeVar("T")


def listed(words: str) -> frozenset[str]:
    """Return the words of a list that is written as one line of text."""
    return frozenset(words.split())


def table(phrases: str, meaning: T) -> dict[str, T]:
    """Return comma-separated phrases, each with the same meaning."""
    return dict.fromkeys((phrase.strip() for phrase in phrases.split(",")), meaning)


NAME_TOKENS = 8
# A question longer than this is a pasted text; its n-grams would flood the alias look-up.
NAMED_WORDS = 128

TOKEN = re.compile(
    r"""
      [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?![0-9])                 # 2026-12-05
    | [0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{4}(?![0-9])          # 05/12/2026
    | [0-9]{1,2}/[0-9]{1,2}/[0-9]{2}(?![0-9/])                # 05/12/26
    | [0-9]{1,2}/[0-9]{1,2}(?![0-9/])                         # 05/12
    | [0-9]{1,2}:[0-9]{2}(?![0-9])[^\W_]*                     # 22:30, 10:30pm
    | [0-9]+(?:[.,][0-9]+)*[^\W_]*                            # 50.000, 22h, 20usd, 5th
    | (?:r\$|us\$|u\$s|rd\$|s/\.?)(?=\s?[0-9]|$)              # money signs
    | \$(?![^\W\d_]) | €
    | \.\. | /(?=[0-9]{4}-) | \s?[-–—]\s?(?=[0-9])            # between the ends of a range
    | (?P<name>\$?[^\W_]+(?:\$(?=[^\W\d_])[^\W_]+)*(?:\$(?!\s?[0-9]))? | &)  # Ke$ha is one word
    """,
    re.VERBOSE | re.IGNORECASE,
)
DASHES = frozenset("-–—")

FUNCTION_WORDS: Mapping[Language, frozenset[str]] = {
    "es": listed("""
        a al algun alguna algunas alguno algunos ante aqui aquella aquellos como con cual cuales cuando cuanto cuanta
        de del desde dia dias donde durante e el ella ellas ellos en entre era es esa esas ese eso esos esta estan
        estas este esto estos fue ha hacia han hasta hay la las le les lo los mas me mi mis muy nada ni no nos nuestro
        o otra otro otros para pero por porque que quien quienes se sea segun ser si sin sobre son su sus tambien te
        tiene tienen todo todos todas toda tu tus u un una unas uno unos ya y yo
        """),
    "pt": listed("""
        a ao aos algum alguma alguns algumas aonde aqui as ate com como da das de dela dele depois do dos dia dias e
        ela elas ele eles em entre era esta essa esse estao este eu foi ha isso isto ja la lhe mais mas me meu minha
        muito na nao nas nem nesta neste nessa nesse no nos num numa o onde os ou outra outro para pela pelas pelo
        pelos por pra pro qual quais quando quanto que quem sao se sem ser seu sua so sobre tambem te tem toda todas
        todo todos um uma umas uns vai vao voce
        """),
    "en": listed("""
        a about all an and any are as at be been between but by can could did do does for from had has have he her
        here his how i if in is it its just ll m me my near no not of on or our out re s she should so some t than that
        the their them then there these they this those to up us ve was we were what when where which who whom will
        with would you your
        """),
}
FUNCTION = frozenset().union(*FUNCTION_WORDS.values())

# Words of asking, answering and politeness: no help to a search, yet they may stand in a name.
ASKING = listed("""
    algo alguien ayuda ayudame bueno busca buscar buscame busco buena buenas buenos cosas dame decime dime encontrar
    encuentra gracias gustaria hola ir informacion lista listame mejor mejores mostrame muestra muestrame necesito
    opciones podria puede puedo quiero quiere recomendacion recomendaciones recomendame recomienda recomiendas
    recomendas saber salir sale ver va van voy tal tipo favor acontecendo acontece boa boas bom bons coisas dica
    dicas diga encontre fala indica indique lugar mostra mostre obrigado obrigada oi ola poderia posso preciso
    procuro procurando queria quero recomenda recomende rola rolando rolar sabe sair tudo ta to vou melhor melhores
    best cheap find get give going good great happening hello help hey hi know let like list looking love need nice
    options please recommend recommendation recommendations search see show tell thanks top want barato barata
    baratos baratas baratinho economico economicos economica economicas inexpensive affordable boleta boletas cover
    entrada entradas ingresso ingressos precio precios preco precos price prices ticket tickets cuesta cuestan custa
    cost costs bailar curtir dancar escuchar escutar hear listen live oir ouvir tomar vivo cada every fica queda
    quedan hablame cuentame fale play plays playing toca tocam tocan tocando tocar vem viene vienen rumbear carretear
    organiza organizan organizam organise organises organize organizes organizing produce producen produz produzem
    produces presenta presentan presentar apresenta apresentam apresentar perform performs performing put puts
    putting used usa usan usam see upcoming
    cerca cercano cercanos cercana cercanas perto proximo proxima proximos proximas nearby around close
    """)


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, and folded."""

    raw: str
    text: str

    @property
    def is_symbol(self) -> bool:
        """Whether this is a sign (a dash, a currency) and not a word or number."""
        return not self.text[0].isalnum()

    @property
    def is_capitalised(self) -> bool:
        """Whether it is written like a name."""
        return self.raw[0].isupper()


def words_of(text: str) -> tuple[Word, ...]:
    """Cut a text into words, numbers, dates and the few signs that carry meaning."""
    visible = unicodedata.normalize("NFKC", strip_invisible(text))
    words = (_word(match) for match in TOKEN.finditer(visible))
    return tuple(word for word in words if word.text)


def _word(match: re.Match[str]) -> Word:
    raw = match.group().strip()
    if match.lastgroup == "name" or raw.isalnum():
        return Word(raw, fold(raw))
    return Word(raw, "-" if raw in DASHES else raw.lower())


class Phrases(Generic[T]):
    """A table of phrases that is looked up at a place in a sentence; the longest match wins."""

    def __init__(self, table: Mapping[str, T]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for phrase, meaning in table.items():
            texts = tuple(word.text for word in words_of(phrase))
            if texts:
                self._by_first.setdefault(texts[0], []).append((texts, meaning))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def at(self, texts: Sequence[str], index: int) -> tuple[T, int] | None:
        """Return the meaning of the phrase that starts at `index`, and the index after it."""
        if index >= len(texts):
            return None
        for phrase, meaning in self._by_first.get(texts[index], ()):
            stop = index + len(phrase)
            if tuple(texts[index:stop]) == phrase:
                return meaning, stop
        return None


class Sentence:
    """A question's words, and which of them are still unexplained: `left` holds "" where a word was taken."""

    __slots__ = ("left", "words")

    def __init__(self, words: tuple[Word, ...]) -> None:
        self.words = words
        self.left = [word.text for word in words]

    def take(self, start: int, stop: int) -> None:
        """Mark words as explained, so that no later reader sees them."""
        for index in range(start, stop):
            self.left[index] = ""

    def find(self, phrases: Phrases[T]) -> Iterator[tuple[T, int, int]]:
        """Yield every phrase found from left to right, as meaning, start and stop; matches do not overlap."""
        index = 0
        while index < len(self.left):
            found = phrases.at(self.left, index)
            if found is None:
                index += 1
            else:
                yield found[0], index, found[1]
                index = found[1]

    def spelled(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield start and stop of every place where the words of a folded name stand, however they were cut.

        "Neblina 4:40" is two words here and three in a name, for elsewhere 4:40 is a time.
        """
        wanted = name.split()
        pieces = [(piece, index) for index, text in enumerate(self.left) for piece in fold(text).split()]
        for at in range(len(pieces) - len(wanted) + 1):
            end = at + len(wanted)
            first, last = pieces[at][1], pieces[end - 1][1]
            begins = at == 0 or pieces[at - 1][1] != first
            ends = end == len(pieces) or pieces[end][1] != last
            if begins and ends and [piece for piece, _ in pieces[at:end]] == wanted:
                yield first, last + 1

    def is_name_at(self, index: int) -> bool:
        """Whether the word at `index` is capitalised, unexplained and no function word: part of a name."""
        if not 0 <= index < len(self.words) or not self.left[index]:
            return False
        return self.words[index].is_capitalised and self.left[index] not in FUNCTION

    def unexplained(self) -> list[int]:
        """Return the places of words that are neither explained, nor function words, nor signs."""
        return [
            index
            for index, text in enumerate(self.left)
            if text and text not in FUNCTION and text not in ASKING and not self.words[index].is_symbol
        ]


def names_in(query: str) -> list[str]:
    """Return the folded n-grams (1 to 8 words) that may be names, longest first; none is function words only."""
    texts = fold(query).split()[:NAMED_WORDS]
    grams: dict[str, None] = {}
    for size in range(min(NAME_TOKENS, len(texts)), 0, -1):
        for start in range(len(texts) - size + 1):
            gram = texts[start : start + size]
            if not FUNCTION.issuperset(gram):
                grams[" ".join(gram)] = None
    return list(grams)
