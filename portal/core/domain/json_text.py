"""JSON text whose numbers stay exact."""

import json
from decimal import Decimal
from typing import Any


def exact_json(text: str) -> Any:
    """Decode JSON with every fraction as the Decimal it was written as.

    Raises ValueError with the place of the first mistake; NaN and Infinity, which JSON does not know, are mistakes.
    """
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def _refuse(name: str) -> Any:
    msg = f"{name} is not a JSON number"
    raise ValueError(msg)
