"""Exact numbers from outside: one reader for every decimal that a file, a form, a command or a batch brings.

A decimal may be written with few characters and be enormous: `1e-999999999` takes ten thousand million bytes once it is
written out or turned into a whole number, and a million digits take as long. So digits and exponent are bounded before
anything is calculated, by looking at the text or at the number once.
"""

import re
from decimal import Context, Decimal, DecimalException

MOST_PLACES = 20
"""How many digits a number may have before the point, and how many after it."""

LONGEST_NUMBER = 60
_WRITTEN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_SMALLEST = Decimal(1).scaleb(-MOST_PLACES)
_EXACT = Context(prec=2 * MOST_PLACES + 1)
_WORDS = f"not a number of at most {MOST_PLACES} digits before the point and {MOST_PLACES} after it"


def is_sound(number: Decimal) -> bool:
    """Whether a decimal is finite and within the digits that any figure of the product needs."""
    if not number.is_finite() or not -MOST_PLACES <= number.adjusted() < MOST_PLACES:
        return False
    try:
        return number == number.quantize(_SMALLEST, context=_EXACT)
    except DecimalException:
        return False


def exact_number(value: object) -> Decimal:
    """Return a text, whole number, float or Decimal as an exact, bounded Decimal.

    A float is taken by its shortest text. Raises ValueError for everything else: no number, not finite, too many
    digits, too large or too small an exponent. Takes time in proportion to what is given, at most.
    """
    number = _read(value)
    if number is None or not is_sound(number):
        msg = f"{shown(value)} is {_WORDS}"
        raise ValueError(msg)
    return number


def _read(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() <= 4 * MOST_PLACES else None
    text = str(value)
    if len(text) > LONGEST_NUMBER and len(text := text.strip()) > LONGEST_NUMBER:
        return None
    text = text.strip()
    return Decimal(text) if _WRITTEN.fullmatch(text) else None


def shown(value: object) -> str:
    """Return a value in few characters, for a message; it may be anything that came from outside."""
    if value is None:
        return "nothing"
    if isinstance(value, int) and value.bit_length() > 4 * LONGEST_NUMBER:
        return "a number of very many digits"
    # Only the beginning of a text is looked at: what repr makes of all of it may be ten times as long.
    text = repr(value[:LONGEST_NUMBER] if isinstance(value, str) else value)
    return text if len(text) <= 40 else text[:40] + "..."
