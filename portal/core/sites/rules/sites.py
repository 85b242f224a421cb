"""What may be changed of sites and devices, and what their texts and figures may be."""

from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from portal.core.energy.rules.registers import FEWEST_DIGITS, MOST_DIGITS, are_register_digits
from portal.core.errors import Invalid
from portal.core.sites.rules.meter_tree import Formula
from portal.core.sites.rules.rated_power import rated_kw
from portal.core.values.texts import LONGEST_EXTERNAL_ID, LONGEST_NAME, LONGEST_TEXT, sound_name, sound_text
from portal.core.words import say


class SiteEdits(TypedDict, total=False):
    """Those columns of a site that are to be changed."""

    name: str
    address: str
    municipality_id: int | None
    is_active: bool


class DeviceFacts(TypedDict, total=False):
    """What may be said of a device beside its names and its site; `max_power_kw` is its rated power.

    `register_digits` is how many digits of whole kWh its register has: after the last of them it begins again at 0.
    `parent_id` puts it below another meter, `formula` says what a virtual one is made of.
    """

    description: str
    max_power_kw: Decimal | None
    register_digits: int | None
    is_active: bool
    parent_id: UUID | None
    formula: Formula | None


class DeviceEdits(DeviceFacts, total=False):
    """Those columns of a device that are to be changed; `site_id` moves it."""

    site_id: UUID
    name: str
    external_id: str


def sound_site(edits: SiteEdits) -> SiteEdits:
    """Return texts without white space around them. Raises `Invalid` for an unsound one."""
    sound = edits.copy()
    if "name" in edits:
        sound["name"] = sound_name("A site's name", edits["name"], LONGEST_NAME)
    if "address" in edits:
        sound["address"] = sound_text("An address", edits["address"], LONGEST_TEXT)
    return sound


def sound_device(edits: DeviceEdits) -> DeviceEdits:
    """Return texts without white space around them, and the rated power to the watt.

    Raises `Invalid` for an unsound text, and for a rated power or digits of a register that are out of bounds.
    """
    sound = edits.copy()
    if "name" in edits:
        sound["name"] = sound_name("A device's name", edits["name"], LONGEST_NAME)
    if "external_id" in edits:
        sound["external_id"] = sound_name("A device's external id", edits["external_id"], LONGEST_EXTERNAL_ID)
    if "description" in edits:
        sound["description"] = sound_text("A description", edits["description"], LONGEST_TEXT)
    if (power_kw := edits.get("max_power_kw")) is not None:
        sound["max_power_kw"] = rated_kw(power_kw)
    if (digits := edits.get("register_digits")) is not None and not are_register_digits(digits):
        message = say(
            "A register has {fewest_digits} to {most_digits} digits of whole kWh",
            fewest_digits=FEWEST_DIGITS,
            most_digits=MOST_DIGITS,
        )
        raise Invalid(message)
    return sound
