"""What a source last told of an entity: an older record overturns nothing newer, and a repeated one nothing at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# So many records of one source at one moment are told apart; beyond that the earliest count as news again.
MOST_WORDS = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What one record says, whenever it says it: `row` is which row of its source it is, `digest` what it says.

    It is `dated` if the record itself tells when it was observed.
    """

    row: str
    digest: str
    observed_at: datetime
    dated: bool

    @property
    def mark(self) -> str:
        """How it is kept."""
        return f"{self.digest}:{self.row}"


@dataclass(kw_only=True, slots=True)
class Telling:
    """The words of one source on one entity that were heard of its latest moment; the last of them stands."""

    observed_at: datetime | None = None
    words: Sequence[str] = ()
    changed: bool = False

    def hear(self, word: Word) -> bool:
        """Take in the word of a full record, and say whether it stands.

        One of an earlier moment does not, nor one of this moment that another has replaced. What has no date is as
        late as its arrival; so there it is a row beside the standing one, saying what it said before, that does not.
        """
        stands, same_moment = self.stands(word), self.observed_at == word.observed_at
        if self.is_after(word.observed_at):
            return False
        if word.mark in self.words and not stands and (same_moment if word.dated else not self._stands_in_row(word)):
            return False
        if not stands or (word.dated and not same_moment):
            self._keep([*self._beside(word), word.mark], word.observed_at)
        return True

    def hear_part(self, word: Word) -> bool:
        """Take in the word of a partial record, and say whether it is news: at one moment it is so once."""
        if not word.dated or self.is_after(word.observed_at):
            return True
        same_moment = self.observed_at == word.observed_at
        if same_moment and word.mark in self.words:
            return False
        self._keep([*(self.words if same_moment else ()), word.mark], word.observed_at)
        return True

    def stands(self, word: Word) -> bool:
        """Say whether a word is the last one heard."""
        return bool(self.words) and self.words[-1] == word.mark

    def is_after(self, moment: datetime) -> bool:
        """Say whether what was heard was observed later."""
        return self.observed_at is not None and self.observed_at > moment

    def _beside(self, word: Word) -> list[str]:
        """Return the words that are kept beside a new one: of its moment, or, where it has no date, of other rows."""
        if word.dated:
            return list(self.words) if self.observed_at == word.observed_at else []
        return [mark for mark in self.words if _row(mark) != word.row]

    def _stands_in_row(self, word: Word) -> bool:
        return _row(self.words[-1]) == word.row

    def _keep(self, words: list[str], observed_at: datetime) -> None:
        self.words = words[-MOST_WORDS:]
        self.observed_at = observed_at
        self.changed = True


def _row(mark: str) -> str:
    return mark.partition(":")[2]
