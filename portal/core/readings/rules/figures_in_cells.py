"""Numbers in the cells of a table: which mark their decimals have, and which words stand for none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from portal.core.readings.rules.reading_files import CellInvalid, FileInvalid
from portal.core.values.numbers import LONGEST_NUMBER

_WORDS = (
    "null none nil na n/a nan #n/a #na #value! #null! #div/0! missing unavailable unknown undefined invalid error bad "
    "- -- --- ? . * ** \u2013 \u2014"
)
_MISSING = frozenset(_WORDS.split())
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
# A comma before other than three digits is a decimal comma, and so for the point; before three nobody can tell.
_PROOF = {
    mark: re.compile(
        rf"[+-]?(?:[0-9]{{1,3}}(?:{other}[0-9]{{3}})+{mark}[0-9]+|[0-9]*{mark}(?:[0-9]{{1,2}}|[0-9]{{4,}})"
        rf"|(?:0|[0-9]{{4,}}){mark}[0-9]{{3}})"
    )
    for mark, other in ((",", r"\."), (r"\.", ","))
}
_GROUPED = {
    ",": re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?"),
    ".": re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?"),
}


class DecimalMark(StrEnum):
    """What stands between the whole and the rest of a number."""

    POINT = "point"
    COMMA = "comma"

    @property
    def character(self) -> str:
        """The mark itself."""
        return "," if self is DecimalMark.COMMA else "."

    @property
    def other(self) -> str:
        """What may group the digits before it."""
        return "." if self is DecimalMark.COMMA else ","


def is_missing(text: str) -> bool:
    """Whether a cell holds a word or a sign by which programs write that there is no value."""
    return text.lower() in _MISSING


@dataclass(frozen=True, slots=True)
class FigureReader:
    """Reads the numbers of a table. Without proof of the mark, nothing is taken for a grouping of digits."""

    mark: DecimalMark
    is_proved: bool

    @classmethod
    def of(cls, cells: Iterable[str], told: DecimalMark | None = None) -> Self:
        """Find the decimal mark in some cells. Raises FileInvalid where they contradict each other, or tell nothing."""
        if told:
            return cls(told, is_proved=True)
        texts = [cell.strip() for cell in cells]
        commas, points = ([text for text in texts if proof.fullmatch(text)] for proof in _PROOF.values())
        if commas and points:
            msg = f"both {commas[0]!r} and {points[0]!r} are there: say which mark the decimals have, --decimal-mark"
            raise FileInvalid(msg)
        if commas or points:
            return cls(DecimalMark.COMMA if commas else DecimalMark.POINT, is_proved=True)
        if unclear := next((text for text in texts if _GROUPED["."].fullmatch(text)), None):
            digits = unclear.replace(",", "")
            msg = (
                f"{unclear!r} may be {digits} or {unclear.replace(',', '.', 1)}: say which mark the decimals have,"
                " --decimal-mark point or comma"
            )
            raise FileInvalid(msg)
        return cls(DecimalMark.POINT, is_proved=False)

    def number(self, name: str, text: str) -> float:
        """Return a cell as a number. Raises CellInvalid."""
        value = float(self.plain(name, text))
        if value in (float("inf"), float("-inf")):
            raise _no_number(name, text)
        return value

    def plain(self, name: str, text: str) -> str:
        """Return a cell's number as it is written with a decimal point and no groups. Raises CellInvalid."""
        clean = text
        if self.is_proved and _GROUPED[self.mark.character].fullmatch(text):
            clean = text.replace(self.mark.other, "")
        if self.mark is DecimalMark.COMMA:
            if "." in clean:
                raise _no_number(name, text)
            clean = clean.replace(",", ".")
        if len(clean) > LONGEST_NUMBER or not _NUMBER.fullmatch(clean):
            raise _no_number(name, text)
        return clean


def _no_number(name: str, text: str) -> CellInvalid:
    hint = "; are its decimals written with commas? (--decimal-mark comma)" if "," in text else ""
    return CellInvalid(f"{name} is {text[:40]!r}, which is not a number{hint}", f"{name} is not a number")
