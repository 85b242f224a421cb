"""Names and other texts that people type: which characters they may hold, the same for every way in.

Refused is what does not show but controls what is around it: control characters (a spreadsheet file with one cannot be
written, a log or a terminal obeys them), the overrides of the writing direction (one name reads like another), line and
paragraph separators, code points that stand for no character, and halves of surrogate pairs, which no database stores.
Marks that scripts need (the zero-width joiner of Persian or of an emoji, the left-to-right mark) are allowed.
"""

import re
from unicodedata import normalize

from portal.core.errors import Invalid
from portal.core.words import say

# What the columns hold.
LONGEST_NAME = 200
LONGEST_EXTERNAL_ID = 100
LONGEST_TEXT = 500

_BEYOND_CONTROLS = (
    "\u2028\u2029"  # line and paragraph separator
    "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates of the writing direction
    "\u206a-\u206f\ufff9-\ufffb"  # deprecated format characters, annotations
    "\ufeff"  # a byte order mark in the middle of a text
    "\ud800-\udfff"  # halves of pairs
    "\ufdd0-\ufdef"  # no characters, nor are the last two of each plane:
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
)
_IN_A_NAME = re.compile(f"[\x00-\x1f\x7f-\x9f{_BEYOND_CONTROLS}]")
_IN_LINES = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_BEYOND_CONTROLS}]")
# Nothing to see: spaces, and marks that only act on their neighbours.
_INVISIBLE = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f]*"
)
_FORMULA_SIGNS = "=+-@\u2212"


def text_problem(text: str, *, lines: bool = False) -> str | None:
    """Return which character of a text is refused and where, or None; `lines` allows line breaks and tabs.

    Takes time in proportion to the text.
    """
    found = (_IN_LINES if lines else _IN_A_NAME).search(text)
    if found is None:
        return None
    return f"holds a character that cannot be used (U+{ord(found[0]):04X} at place {found.start() + 1})"


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: it is empty, or of spaces and invisible marks alone."""
    return _INVISIBLE.fullmatch(text) is not None


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text of a CSV file for a formula.

    It does so by the first character that shows, also where that is a wide or small form of a sign.
    """
    start = _INVISIBLE.match(text)
    sign = text[start.end() : start.end() + 1] if start else text[:1]
    return text.startswith(("\t", "\r", "\n")) or (
        sign != "" and normalize("NFKC", sign)[0] in _FORMULA_SIGNS
    )


def sound_name(what: str, text: str, most: int) -> str:
    """Return a name without the spaces around it.

    `what` begins the message, like "A site's name". Raises `Invalid` where it shows nothing, has more than `most`
    characters, or holds one that is refused.
    """
    name = text.strip()
    if is_blank(name):
        message = say("{what} must not be empty", what=what)
        raise Invalid(message)
    return _sound(what, name, most, lines=False)


def sound_text(what: str, text: str, most: int) -> str:
    """Return a text of any number of lines, which may be empty, without the spaces around it. Raises `Invalid`."""
    return _sound(what, text.strip(), most, lines=True)


def _sound(what: str, text: str, most: int, *, lines: bool) -> str:
    problem = text_problem(text, lines=lines)
    if problem is None and len(text) > most:
        problem = f"has at most {most} characters"
    if problem is not None:
        message = say("{what} {problem}", what=what, problem=problem)
        raise Invalid(message)
    return text


def shown_text(text: str, *, lines: bool = False) -> str:
    """Return a text of an earlier release as it may go out: a refused character becomes a space."""
    return (_IN_LINES if lines else _IN_A_NAME).sub(" ", text)
