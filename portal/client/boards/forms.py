"""How a board is to be set up: what stands in the boxes, and what is read from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from portal.core.boards.rules.board_settings import BoardSettings
from portal.core.boards.service.boards import DeviceBoard
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.words import noted

AS_MADE: Final = ""
EVERYTHING: Final = "all"
AS_NOW: Final = "now"
_NUMBERS: Final = (
    ("period", "periodSeconds", noted("How often the meter is read")),
    ("every", "everySeconds", noted("How often it sends")),
    ("address", "meterAddress", noted("The meter's address")),
)
_LISTS: Final = (
    ("ratios", "transformerRatios", noted("The transformers' ratios")),
    ("serial", "serialRegisters", noted("The registers of its serial number")),
)


@dataclass(frozen=True)
class BoardBoxes:
    """What stands in the boxes; `version` is that of the board that they were filled from."""

    period: str = ""
    every: str = ""
    address: str = ""
    ratios: str = ""
    serial: str = ""
    quantities: str = AS_MADE
    chosen_words: str = ""
    pinned: str = ""
    version: str = ""


def boxes_of(found: DeviceBoard) -> BoardBoxes:
    """Return the boxes of a stored board."""
    settings = found.board.settings or BoardSettings()
    names = settings.get("quantities")
    return BoardBoxes(
        period=_typed(settings.get("periodSeconds")),
        every=_typed(settings.get("everySeconds")),
        address=_typed(settings.get("meterAddress")),
        ratios=" ".join(map(str, settings.get("transformerRatios", ()))),
        serial=" ".join(map(str, settings.get("serialRegisters", ()))),
        quantities=AS_MADE if names is None else EVERYTHING if len(names) == len(ALL_QUANTITIES) else AS_NOW,
        chosen_words="" if names is None else tr("The {names} that were chosen", names=len(names)),
        pinned=found.board.pinned_release,
        version=found.version,
    )


def settings_in(form: Mapping[str, Any], before: BoardSettings) -> dict[str, object]:
    """Return the settings that a form says; `before` are those that are kept as they are. Raises `Invalid`."""
    said: dict[str, object] = {}
    for box, name, label in _NUMBERS:
        text = _text(form, box)
        if text:
            said[name] = _number(text, tr(label))
    for box, name, label in _LISTS:
        text = _text(form, box)
        if text:
            said[name] = [_number(part, tr(label)) for part in text.replace(",", " ").split()]
    wanted = _text(form, "quantities")
    if wanted == EVERYTHING:
        said["quantities"] = [quantity.wire_name for quantity in ALL_QUANTITIES]
    elif wanted == AS_NOW and "quantities" in before:
        said["quantities"] = before["quantities"]
    return said


def percent_in(form: Mapping[str, Any]) -> int:
    """Return to how many of a hundred boards a release goes. Raises `Invalid`."""
    return _number(_text(form, "percent"), tr("A share"))


def _number(text: str, label: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        message = tr("{label} is a whole number", label=label)
        raise Invalid(message)
    return int(text)


def _typed(number: int | None) -> str:
    return "" if number is None else str(number)


def _text(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name, "")).strip()
