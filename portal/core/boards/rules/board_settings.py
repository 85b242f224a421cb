"""What may be set of a board from here, as it travels to it."""

from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

from portal.core.errors import Invalid
from portal.core.readings.rules.quantities import ALL_QUANTITIES


class BoardSettings(TypedDict, total=False):
    """Those settings that a board is to have; what is not there it has as it was made.

    `periodSeconds` is how often the meter is read, `everySeconds` how often what has gathered is sent, `quantities` the
    wire names of what is sent, `meterAddress` the meter's on the line, `transformerRatios` PT1, PT2, CT1 and CT2 in
    place of the meter's, `serialRegisters` the first register and the number of registers of its serial number.
    """

    periodSeconds: int
    everySeconds: int
    quantities: list[str]
    meterAddress: int
    transformerRatios: list[int]
    serialRegisters: list[int]


BOUNDS = {"periodSeconds": (5, 3600), "everySeconds": (5, 86_400), "meterAddress": (1, 247)}
_LISTS = {"transformerRatios": (4, 1_000_000), "serialRegisters": (2, 65_535)}
_NAMES = {quantity.wire_name for quantity in ALL_QUANTITIES}


def sound_settings(given: Mapping[str, object]) -> BoardSettings:
    """Return settings that a board can take. Raises `Invalid` with the name of what it cannot."""
    sound = BoardSettings()
    for name, value in given.items():
        if name in BOUNDS:
            sound[name] = _number(name, value, BOUNDS[name])
        elif name in _LISTS:
            count, most = _LISTS[name]
            numbers = [_number(name, each, (1, most)) for each in _items(name, value)]
            if len(numbers) != count:
                raise Invalid(_wrong(name, f"has {count} whole numbers"))
            sound[name] = numbers
        elif name == "quantities":
            sound["quantities"] = _quantities(_items(name, value))
        else:
            raise Invalid(_wrong(name, "is no setting of a board"))
    if sound.get("everySeconds", BOUNDS["everySeconds"][1]) < sound.get("periodSeconds", 0):
        raise Invalid(_wrong("everySeconds", "is not below periodSeconds"))
    return sound


def _quantities(names: Sequence[object]) -> list[str]:
    if not names or any(name not in _NAMES for name in names):
        raise Invalid(_wrong("quantities", "has names of quantities, one at least"))
    return [quantity.wire_name for quantity in ALL_QUANTITIES if quantity.wire_name in names]


def _items(name: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise Invalid(_wrong(name, "is a list"))
    return list(cast("list[object]", value))


def _number(name: str, value: object, bounds: tuple[int, int]) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        raise Invalid(_wrong(name, f"is a whole number from {bounds[0]} to {bounds[1]}"))
    return value


def _wrong(name: str, what: str) -> str:
    return f"{name!r} {what}"
