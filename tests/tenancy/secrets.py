"""What nobody can guess and few may see: canary words, ids and refs, each with those it belongs to."""

import base64
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from tests.tenancy.callers import Caller

MARK = "zx"
LETTERS = 14
_TOKENS = re.compile(rf"{MARK}[a-z]{{{LETTERS}}}|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}")
_ENCODED = re.compile(r"[A-Za-z0-9_-]{16,}")
_ALPHABET = "abcdefghijklmnoprstuvwy"
Visibility = Literal["public", "org", "staff"]
HARMLESS = "salsa"


@dataclass(kw_only=True, slots=True)
class Secret:
    """A word or an id: whose it is, and who may see it now. What is `deep` is asked by nobody."""

    word: str
    owner: str
    visibility: Visibility = "org"
    deep: bool = False

    def is_for(self, caller: Caller) -> bool:
        """Say whether a caller may see it."""
        if self.visibility == "public" or caller.sees_all:
            return True
        return self.visibility == "org" and caller.organisation == self.owner


@dataclass
class Secrets:
    """Every secret of a run, and which of them an organisation has said itself: that one may hear again."""

    seed: int
    by_word: dict[str, Secret] = field(default_factory=dict)
    said: dict[str | None, set[str]] = field(default_factory=lambda: defaultdict(set))

    def new(self, owner: str, visibility: Visibility = "org", *, deep: bool = False) -> str:
        """Return a word that was never there."""
        digest = hashlib.sha256(f"{self.seed} {len(self.by_word)}".encode()).digest()
        word = MARK + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:LETTERS])
        return self.keep(word, owner, visibility, deep=deep)

    def keep(self, word: str, owner: str, visibility: Visibility = "org", *, deep: bool = False) -> str:
        """Count a word or an id among the secrets."""
        self.by_word[word] = Secret(word=word, owner=owner, visibility=visibility, deep=deep)
        return word

    def of(self, owner: str) -> list[Secret]:
        """Return the secrets of an organisation."""
        return [secret for secret in self.by_word.values() if secret.owner == owner]

    def found(self, text: str) -> list[Secret]:
        """Return the secrets in a text, those included that something opaque in it encodes."""
        words = dict.fromkeys(word for part in _opened(text) for word in _TOKENS.findall(part.lower()))
        return [self.by_word[word] for word in words if word in self.by_word]

    def hear(self, caller: Caller, asked: str) -> None:
        """Note what a caller says: its organisation's own log of questions may repeat it."""
        if caller.role != "staff":
            self.said[caller.organisation] |= {secret.word for secret in self.found(asked)}

    def leaks(self, caller: Caller, asked: str, answer: str) -> list[Secret]:
        """Return the secrets that an answer tells a caller who may not see them.

        What the caller said itself is no news, nor what its organisation asked or, to who runs Sonik, anybody did.
        """
        sent = {secret.word for secret in self.found(asked)}
        echoed = set(self.said[caller.organisation])
        if caller.runs_sonik:
            echoed |= {word for word, secret in self.by_word.items() if not secret.deep}
        hidden = (one for one in self.found(answer) if not one.is_for(caller) and one.word not in sent)
        return [one for one in hidden if one.deep or one.word not in echoed]

    def scrubbed(self, told: object) -> object:
        """Return what a caller writes without any secret: what is published is none any more."""
        text = json.dumps(told, ensure_ascii=False)
        return json.loads(_TOKENS.sub(lambda hit: HARMLESS if hit[0] in self.by_word else hit[0], text))


def _opened(text: str) -> Iterator[str]:
    yield text
    for run in _ENCODED.findall(text):
        with suppress(ValueError):
            yield base64.urlsafe_b64decode(run + "=" * (-len(run) % 4)).decode("latin-1")
