"""The forms of sites and meters: what stands in their boxes, and what is read from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict

from portal.client.ids import uuid_of
from portal.core.errors import Invalid, NotFound
from portal.core.languages import tr
from portal.core.sites.rules.meter_tree import DeviceKind, Formula
from portal.core.sites.rules.rated_power import rated_kw
from portal.core.sites.rules.sites import DeviceEdits, DeviceFacts, SiteEdits
from portal.core.sites.service import sites
from portal.core.sites.service.devices import StoredDevice
from portal.core.sites.service.sites import StoredSite
from portal.core.stack import current
from portal.core.tariffs.service import municipalities

PLUS, MINUS, LEFT_OUT = "plus", "minus", ""
TERM: Final = "term-"
Choice = tuple[str, str]


class Term(TypedDict):
    """A meter that a virtual one may add up or leave out; `sign` is "plus", "minus" or empty."""

    name: str
    label: str
    sign: str


@dataclass(frozen=True)
class SiteBoxes:
    """What stands in the boxes of a site."""

    name: str = ""
    address: str = ""
    municipality: str = ""
    version: str = ""


@dataclass(frozen=True)
class MeterBoxes:
    """What stands in the boxes of a meter; `parents` are the meters of its site that it may stand below."""

    name: str = ""
    external_id: str = ""
    description: str = ""
    max_power_kw: str = ""
    register_digits: str = ""
    parent: str = ""
    version: str = ""
    is_virtual: bool = False
    parents: list[Choice] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)


def boxes_of_site(site: StoredSite) -> SiteBoxes:
    """Return the boxes of a stored site."""
    municipality = "" if site.municipality_id is None else str(site.municipality_id)
    return SiteBoxes(site.name, site.address, municipality, site.version)


def boxes_of_meter(device: StoredDevice, others: Iterable[StoredDevice]) -> MeterBoxes:
    """Return the boxes of a stored meter; `others` are all of its site."""
    rated = device.max_power_kw
    return MeterBoxes(
        device.name,
        device.external_id,
        device.description,
        "" if rated is None else f"{rated.normalize():f}",
        str(device.register_digits or ""),
        "" if device.parent_id is None else str(device.parent_id),
        device.version,
        device.kind is DeviceKind.VIRTUAL,
        *choices_at(others, device),
    )


def choices_at(
    others: Iterable[StoredDevice], this: StoredDevice | None = None
) -> tuple[list[Choice], list[Term]]:
    """Return the meters of a site that another may stand below, and those that a virtual one may be made of."""
    measuring = [
        each
        for each in others
        if each.kind is not DeviceKind.VIRTUAL and (this is None or each.id != this.id)
    ]
    signs = {} if this is None or this.formula is None else dict(this.formula.signs())
    terms: list[Term] = [
        {
            "name": f"{TERM}{each.id}",
            "label": each.name,
            "sign": {1: PLUS, -1: MINUS}.get(signs.get(each.id, 0), LEFT_OUT),
        }
        for each in measuring
    ]
    return [(str(each.id), each.name) for each in measuring], terms


async def municipality_choices() -> list[Choice]:
    """Return the municipalities as choices, by name."""
    found = (await municipalities.page_of_municipalities(current())).items
    return [(str(each.id), each.name) for each in found]


async def add_site(edits: SiteEdits) -> StoredSite:
    """Add the site that the boxes describe. Raises as the service does."""
    return await sites.add_site(
        current(),
        edits.get("name", ""),
        address=edits.get("address", ""),
        municipality=edits.get("municipality_id"),
    )


def site_edits(form: Mapping[str, Any]) -> SiteEdits:
    """Return what the boxes of a site say. Raises `Invalid`."""
    return {
        "name": _text(form, "name"),
        "address": _text(form, "address"),
        "municipality_id": number_or_none(_text(form, "municipality")),
    }


def meter_facts(form: Mapping[str, Any], *, is_virtual: bool) -> DeviceFacts:
    """Return what the boxes of a meter say beside its names. Raises `Invalid`."""
    parent = _text(form, "parent")
    facts: DeviceFacts = {
        "description": _text(form, "description"),
        "parent_id": uuid_of(parent) if parent else None,
    }
    if is_virtual:
        facts["formula"] = formula_in(form)
    else:
        power = _text(form, "max_power_kw").replace(",", ".")
        facts["max_power_kw"] = rated_kw(power) if power else None
        if "register_digits" in form:
            facts["register_digits"] = _digits(_text(form, "register_digits"))
    return facts


def _digits(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit()):
        message = tr("The digits of a register are a whole number")
        raise Invalid(message)
    return int(text[:3]) if text else None


def meter_edits(form: Mapping[str, Any], *, is_virtual: bool) -> DeviceEdits:
    """Return what the boxes of a meter say. Raises `Invalid`."""
    facts = meter_facts(form, is_virtual=is_virtual)
    return {**facts, "name": _text(form, "name"), "external_id": _text(form, "external_id")}


def formula_in(form: Mapping[str, Any]) -> Formula:
    """Return the formula that the choices of a form make. Raises `Invalid` where they add up nothing."""
    chosen = {name.removeprefix(TERM): sign for name, sign in form.items() if name.startswith(TERM)}
    plus, minus = (
        tuple(uuid_of(term) for term, sign in sorted(chosen.items()) if sign == wanted)
        for wanted in (PLUS, MINUS)
    )
    if not plus:
        raise Invalid(tr("A virtual meter adds up at least one meter: choose Add for it"))
    return Formula(plus, minus)


def number_or_none(text: str) -> int | None:
    """Return the id of a municipality that a browser sent, None for none. Raises `NotFound`."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise NotFound(tr("There is no such municipality"))
    return int(text)


def hours_in(form: Mapping[str, Any]) -> float:
    """Return for how many hours an old token stays valid. Raises `Invalid`."""
    text = _text(form, "grace")
    if not text.isdecimal() or len(text) > 4:
        raise Invalid(tr("Choose for how long the old token stays valid"))
    return float(text)


def _text(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name, "")).strip()
