"""By what numbers the database knows links and causes; a number is never given to another word.

A number that this release does not know, of a later one, reads as None.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from portal.core.energy.rules.judging import LinkKind, SwitchKind

_WordT = TypeVar("_WordT", bound=StrEnum)


class RestatedBecause(StrEnum):
    """What changed the energy of a day that was over."""

    LATE_READING = "lateReading"
    DECISION = "decision"
    LEARNED_BOUND = "learnedBound"
    RATED_POWER = "ratedPower"
    RULE = "rule"


class Numbered(Generic[_WordT]):
    """Words and their numbers."""

    def __init__(self, words: Mapping[int, _WordT]) -> None:
        self._words = dict(words)
        # With its type: words of two enumerations that read the same are equal.
        self._numbers = {(type(word), word): number for number, word in words.items()}

    def number(self, word: _WordT) -> int:
        """Return the number of a word."""
        return self._numbers[type(word), word]

    def word(self, number: int | None) -> _WordT | None:
        """Return the word of a number; None for one that this release does not know."""
        return None if number is None else self._words.get(number)


LINK_KINDS: Numbered[LinkKind | SwitchKind] = Numbered(
    {
        1: LinkKind.RESET,
        2: LinkKind.EXCHANGE,
        3: LinkKind.ROLLOVER,
        11: SwitchKind.RESET,
        12: SwitchKind.EXCHANGE,
        13: SwitchKind.ROLLOVER,
        14: SwitchKind.CONTINUES,
    }
)
"""`register_links.kind`: what the judge found, and from 11 on what a person declared."""

CAUSES = Numbered(
    {
        1: RestatedBecause.LATE_READING,
        2: RestatedBecause.DECISION,
        3: RestatedBecause.LEARNED_BOUND,
        4: RestatedBecause.RATED_POWER,
        5: RestatedBecause.RULE,
    }
)
"""`restated_days.cause`."""
