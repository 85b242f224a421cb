"""A tariff has one shape: what carries tariffs finds its fields there, and few modules spell them out."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from portal.client.rates.draft import Draft, HolidayDraft, PeriodDraft, SeasonDraft
from portal.client.rates.fields import boxes_of
from portal.core.tariffs import tables, wire
from portal.core.tariffs.rules.tariff_fields import members
from portal.core.tariffs.rules.tariffs import Holiday, Period, Season, Tariff
from tests.architecture.source import Source, product

if TYPE_CHECKING:
    import msgspec
    from sqlmodel import SQLModel

# Of each shape, names that nothing else has together. A module that says all but one of them spells the shape.
TELLING = {
    "tariff": {"effective_to", "default_rate_per_kwh", "fixed_monthly_charge", "vat_rate"},
    "season": {"first_day", "last_day", "default_rate_per_kwh"},
    "period": {"days_of_week", "start_time", "end_time", "rate_per_kwh"},
}
# Where a new field has to be said; a card only where it is shown.
SPELT_IN = {
    "portal/core/tariffs/rules/tariffs.py",  # the shape
    "portal/core/tariffs/tables.py",  # the columns of both run modes
    "portal/core/tariffs/wire.py",  # what is said of the JSON in the description of the API
    "portal/client/rates/draft.py",  # the boxes of the form
    "portal/features/rates/view.py",  # the card
}
# These use what a tariff says and carry none; a new field does not touch them.
USING = {
    "fleet_ingest/rate_routes.py",  # the example in the description of the API
    "portal/core/tariffs/rules/tariff_changes.py",  # days and times of a period in words
    "portal/core/tariffs/rules/tariff_drafts.py",  # makes tariffs of published figures
    "portal/core/tariffs/rules/tariff_problems.py",  # judges windows, days and times
    "portal/demo/site_plan.py",  # the tariff of `make run`
}
SHAPES = (
    (Tariff, tables.TariffColumns, wire.TariffRow, Draft),
    (Season, tables.SeasonColumns, wire.SeasonRow, SeasonDraft),
    (Period, tables.PeriodColumns, wire.TariffPeriodRow, PeriodDraft),
    (Holiday, tables.HolidayColumns, wire.HolidayRow, HolidayDraft),
)
# Keys are columns of each run mode's own table; the form has parts of its own for days, and no box for a number.
KEYS = {"id", "municipality_id", "on_date"}
BY_HAND = {"id", "municipality", "days_of_week", "first_day", "last_day"}


def _said(source: Source) -> set[str]:
    """Return the words of a module's code: names, arguments, attributes, and what its texts are made of."""
    found: set[str] = set()
    for node in source.walk():
        match node:
            case (
                ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name))
            ):
                found.add(name)
            case ast.Constant(value=str(text)):
                found.update(re.findall(r"\w+", text))
            case _:
                pass
    return found


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


def _spells(said: set[str], names: set[str]) -> bool:
    return sum(bool({name, _camel(name)} & said) for name in names) >= max(3, len(names) - 1)


def test_few_modules_spell_the_fields_of_a_tariff() -> None:
    found = {
        source.path
        for source in product()
        if any(_spells(_said(source), names) for names in TELLING.values())
    }
    assert sorted(found - SPELT_IN - USING) == [], "find the fields by `members` of the shape"
    assert sorted((SPELT_IN | USING) - found) == [], "these spell no shape any more: take them off the list"


@pytest.mark.parametrize(
    ("shape", "columns", "row", "draft"), SHAPES, ids=[shape.__name__ for shape, *_ in SHAPES]
)
def test_each_module_has_every_field(
    shape: type, columns: type[SQLModel], row: type[msgspec.Struct], draft: type
) -> None:
    names = {member.name for member in members(shape) if member.about.is_stored}
    assert names - KEYS <= columns.model_fields.keys()
    on_wire = {member.wire for member in members(shape) if member.wire and member.about.is_stored}
    assert on_wire <= set(row.__struct_encode_fields__)
    in_form = {box.of for _, box in boxes_of(draft)}
    assert in_form == {member.name for member in members(shape)} - BY_HAND


def test_a_field_that_is_added_is_left_out_while_it_says_nothing() -> None:
    """A peer that does not know it reads what it always did; those of the first release are always written."""
    always = {
        "name", "effective_from", "effective_to", "default_rate_per_kwh", "fixed_monthly_charge", "vat_rate",
        "is_active", "days_of_week", "start_time", "end_time", "rate_per_kwh", "first_day", "last_day", "on_date",
        "day_type",
    }  # fmt: skip
    for shape, *_ in SHAPES:
        written = {member.name for member in members(shape) if not member.is_left_out}
        assert written <= always, f"give it a default: {[field.name for field in fields(shape)]}"
