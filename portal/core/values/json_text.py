"""JSON text whose numbers stay exact."""

# Any: JSON is of any type: whoever reads it says what it is to be.

import json
from decimal import Decimal
from typing import Any

from portal.core.values.numbers import LONGEST_NUMBER


def exact_json(text: str) -> Any:
    """Decode JSON with every fraction as the Decimal it was written as.

    Raises ValueError with the place of the first mistake; NaN and Infinity, which JSON does not know, are mistakes,
    and so is a number that is longer than any figure.
    """
    try:
        return json.loads(text, parse_float=_fraction, parse_int=_whole, parse_constant=_refuse)
    except RecursionError:
        msg = "it is nested too deeply"
        raise ValueError(msg) from None


def _fraction(text: str) -> Decimal:
    _check_length(text)
    return Decimal(text)


def _whole(text: str) -> int:
    _check_length(text)
    return int(text)


def _check_length(text: str) -> None:
    if len(text) > LONGEST_NUMBER:
        msg = f"a number of {len(text)} characters; {LONGEST_NUMBER} are the most"
        raise ValueError(msg)


def _refuse(name: str) -> Any:
    msg = f"{name} is not a JSON number"
    raise ValueError(msg)
