"""The library and one of its editions, in words and boxes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.tariffs.rules.editions import Edition
from portal.core.tariffs.rules.tariff_fields import REQUIRED, TariffField, members
from portal.core.tariffs.rules.tariff_prices import NamedPrice, prices_of, with_prices
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service.library import StoredEdition
from portal.core.values.numbers import exact_number, shown
from portal.features.cost.hues import period_label
from portal.features.rates.view import TariffCard, build_card, percent, plain
from portal.ui import formats
from portal.ui.forms import Typed


class LibraryRow(TypedDict):
    """A line of the library."""

    id: str
    href: str
    municipality: str
    name: str
    first: str
    state: str
    tone: str
    spread: str


class EditionBox(TypedDict):
    """A box of the form: its name, what it is called, what it takes, and what stands in it."""

    name: str
    label: str
    kind: Typed
    value: str
    is_required: bool


@dataclass
class EditionForm:
    """Everything that is shown of one edition."""

    id: str = ""
    mark: str = ""
    title: str = ""
    municipality: str = ""
    zone: str = ""
    source: str = ""
    boxes: list[EditionBox] = field(default_factory=list)
    prices: list[EditionBox] = field(default_factory=list)
    is_published: bool = False
    spread: str = ""
    tariff: TariffCard = field(default_factory=TariffCard)


def build_rows(editions: Iterable[StoredEdition]) -> list[LibraryRow]:
    """A line for each edition, in the service's order."""
    return [
        {
            "id": str(each.edition.id),
            "href": f"/tariff-library/{each.edition.id}",
            "municipality": each.edition.municipality,
            "name": each.edition.tariff.name,
            "first": formats.day(each.edition.tariff.effective_from),
            "state": tr("Offered") if each.is_published else tr("Draft"),
            "tone": "ok" if each.is_published else "neutral",
            "spread": spread_in_words(each),
        }
        for each in editions
    ]


def spread_in_words(stored: StoredEdition) -> str:
    """How many of the customers with that municipality have taken it over."""
    if not stored.customers:
        return tr("No customer there")
    return tr(
        "{taken_over} of {customer}",
        taken_over=stored.taken_over,
        customer=formats.counted(stored.customers, "{count} customer", "{count} customers"),
    )


def build_form(stored: StoredEdition, currency: str) -> EditionForm:
    """The form of an edition, and its card."""
    edition, tariff = stored.edition, stored.edition.tariff
    return EditionForm(
        id=str(edition.id),
        mark=stored.mark,
        title=tariff.name,
        municipality=edition.municipality,
        zone=edition.time_zone_id,
        source=edition.source,
        boxes=[_box_of(member, tariff) for member in _editable()],
        prices=[_box(index, each) for index, each in enumerate(prices_of(tariff))],
        is_published=stored.is_published,
        spread=spread_in_words(stored),
        tariff=replace(
            build_card(tariff, edition.municipality, currency),
            state=tr("Offered") if stored.is_published else tr("Draft"),
            tone="ok" if stored.is_published else "neutral",
        ),
    )


def _box(index: int, price: NamedPrice) -> EditionBox:
    label = period_label(price.name) if price.name else tr("At all other times")
    label = f"{price.season}: {label}" if price.season else label
    value = plain(price.rate_per_kwh)
    return {
        "name": f"price{index}",
        "label": label,
        "kind": "text",
        "value": value,
        "is_required": True,
    }


def _editable() -> list[TariffField]:
    """The fields of a tariff that have a box: those of its parts and its rates have others."""
    kinds = {str, date, Decimal}
    found = [each for each in members(Tariff) if each.kind in kinds and each.about.is_stored]
    return [each for each in found if not each.about.may_be_negative]


def _box_of(member: TariffField, tariff: Tariff) -> EditionBox:
    words = member.about.words or member.name
    return {
        "name": member.name,
        "label": f"{words[:1].upper()}{words[1:]}, %"
        if member.about.is_share
        else words[:1].upper() + words[1:],
        "kind": "date" if member.kind is date else "text",
        "value": _shown(member, getattr(tariff, member.name)),
        "is_required": member.missing is REQUIRED or member.kind is Decimal,
    }


def _shown(member: TariffField, value: object) -> str:
    if isinstance(value, Decimal):
        return percent(value) if member.about.is_share else plain(value)
    return value.isoformat() if isinstance(value, date) else str(value or "")


def edition_of(form: Mapping[str, object], edition: Edition) -> Edition:
    """The edition with what stands in the boxes. Raises `Invalid` for what is no number or no day."""

    def text(name: str) -> str:
        return str(form.get(name, "")).strip()

    tariff = edition.tariff
    rates = [_amount(text(f"price{index}"), tr("A rate")) for index in range(len(prices_of(tariff)))]
    said = {member.name: _read(member, text(member.name)) for member in _editable()}
    return replace(
        edition,
        municipality=text("municipality"),
        time_zone_id=text("zone"),
        source=text("source"),
        tariff=replace(with_prices(tariff, rates), municipality=text("municipality"), **said),
    )


# Any: each value is of its field's type, since it is read by that.
def _read(member: TariffField, text: str) -> Any:
    if not text and member.missing is None:
        return None
    words = member.about.words or member.name
    if member.kind is Decimal:
        amount = _amount(text, words)
        return amount / 100 if member.about.is_share else amount
    return _day(text, words) if member.kind is date else text


def _amount(text: str, what: str) -> Decimal:
    try:
        return exact_number(text.replace(",", "."))
    except ValueError:
        raise Invalid(tr("{what}: {words} is no number", what=what, words=shown(text))) from None


def _day(text: str, what: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(tr("{what}: {words} is no date", what=what, words=shown(text))) from None


def named_on(name: str) -> str:
    """The name for the next year: 2026/27 becomes 2027/28, and a year alone the next one."""
    year = re.search(r"\b(20\d\d)(?:/(\d\d))?\b", name)
    if year is None:
        return name
    first = int(year[1]) + 1
    return name.replace(year[0], f"{first}/{(first + 1) % 100:02}" if year[2] else str(first), 1)
