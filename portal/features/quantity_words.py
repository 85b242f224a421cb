"""What quantities are called on pages."""

import re
from typing import Final

from portal.core.languages import tr
from portal.core.readings.rules.quantities import Quantity

_OF_A_PHASE: Final = re.compile(r"(.+ of phase )(\d)")


def quantity_words(quantity: Quantity) -> str:
    """What a quantity is called: `active power of phase 1`."""
    phase = _OF_A_PHASE.fullmatch(quantity.words)
    return tr(f"{phase[1]}{{phase}}", phase=phase[2]) if phase else tr(quantity.words)


def with_unit(quantity: Quantity) -> str:
    """A quantity with its unit behind it, where it has one."""
    return f"{quantity_words(quantity)}, {quantity.unit}".rstrip(", ")
