"""A tariff typed as a clock and six prices: the same tariff as period by period, with questions about odd prices."""

from dataclasses import replace
from decimal import Decimal

import pytest

from portal.client.rates.draft import Draft, draft_of
from portal.client.rates.grid import (
    BOXES,
    blank,
    clock_week,
    in_rows,
    in_unit,
    missing_prices,
    opened,
    price_notes,
    week_of,
    wire_of,
    with_clock,
    with_copied_season,
    with_week,
)
from portal.client.rates.price_questions import open_questions, with_answer
from portal.client.rates.week_view import week_views
from portal.core.errors import Invalid
from portal.core.tariffs.rules.clocks import exceptions, painted, without
from portal.core.tariffs.rules.tariff_input import read_tariff
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service.published import presets
from tests.unit.tariffs.tariff_examples import tariff

CAPE_TOWN = {
    "low_peak": "362.58",
    "low_standard": "233,02",
    "low_off_peak": "185.49",
    "high_peak": "779.70",
    "high_standard": "244.92",
    "high_off_peak": "185.49",
}


def typed(**changes: str) -> Draft:
    """A new tariff with the prices of Cape Town's low voltage, 2026/27, as its list prints them."""
    own = {"municipality_id": "1", "name": "LV TOU", "last": "2027-06-30", "fixed": "2519.88"}
    return replace(blank("2026-07-01"), **own, **(CAPE_TOWN | changes))


def read(draft: Draft) -> Tariff:
    return read_tariff(wire_of(draft))


def published() -> Tariff:
    return next(
        each.tariff for each in presets() if (each.tariff.name, each.year) == ("Cape Town LV TOU", "2026/27")
    )


def test_a_clock_and_six_prices_make_the_published_tariff() -> None:
    made, wanted = read(typed()), published()
    assert (made.periods, made.seasons) == (wanted.periods, wanted.seasons)
    assert (made.default_rate_per_kwh, made.fixed_monthly_charge) == (Decimal("1.8549"), Decimal("2519.88"))
    assert made.is_active is False


@pytest.mark.parametrize("preset", presets(), ids=lambda each: f"{each.tariff.name} {each.year}")
def test_a_published_tariff_opens_as_a_grid_and_is_saved_as_it_was(preset: object) -> None:
    stored = replace(preset.tariff, municipality_id=1)  # type: ignore[attr-defined]
    form = opened(draft_of(stored), stored)
    assert (form.layout, form.unit) == ("grid", "c")
    again = read(form)
    assert replace(again, holidays=stored.holidays) == stored


def test_a_tariff_of_another_form_opens_as_rows() -> None:
    example = tariff()
    form = opened(draft_of(example), example)
    assert form.layout == "grid"
    # The weekend is off-peak, so what no period covers is standard; it costs what it did.
    assert (form.low_peak, form.low_standard, form.low_off_peak) == ("375.00", "250.00", "120.00")
    odd = replace(example, periods=(replace(example.periods[0], name="Evening"),))
    form = opened(draft_of(odd), odd)
    assert (form.layout, form.unit, form.rate, form.periods[0].rate) == ("rows", "c", "250.00", "375.00")
    assert read(form) == odd


def test_cents_and_rand_are_two_ways_to_type_one_price() -> None:
    rand = in_unit(typed(), "r")
    assert (rand.low_peak, rand.high_off_peak) == ("3.6258", "1.8549")
    assert in_unit(rand, "c").low_standard == "233.02"
    assert read(rand) == read(typed())
    assert in_unit(typed(low_peak="lots"), "r").low_peak == "lots"


def test_a_price_that_is_missing_is_named_once() -> None:
    form = typed(high_peak=" ")
    assert missing_prices(form) == ["High season: peak still to be priced"]
    with pytest.raises(Invalid, match="High season: peak"):
        wire_of(form)
    assert (
        missing_prices(
            with_clock(replace(blank("2026-07-01"), low_standard="250", high_standard="250"), "flat")
        )
        == []
    )


def test_hours_are_painted_over_the_clock_and_undone() -> None:
    form = typed()
    week = painted(form.low_week, (6,), (18, 20), "o")
    form = with_week(form, "low", week)
    [view, high] = week_views(form, "R")
    assert view.painted == ["Sundays 18\u201320: off-peak instead of standard"]
    assert (view.days[6]["hours"][18]["kind"], view.days[6]["hours"][18]["painted"]) == ("off-peak", True)
    assert high.painted == []
    assert [each["price"] for each in view.prices] == ["362.58 c", "233,02 c", "185.49 c"]
    clock = clock_week("eskom-2025", "low")
    [exception] = exceptions(week, clock)
    assert without(week, clock, exception) == clock
    several = painted(painted(clock, range(5), (9, 10), "p"), (5, 6), (9, 10), "p")
    lines = week_views(with_week(form, "low", several), "R")[0].painted
    assert lines == [
        "Monday to Saturday 09\u201310: peak instead of standard",
        "Sundays 09\u201310: peak instead of off-peak",
    ]


def test_a_season_is_copied_with_its_week_and_its_prices() -> None:
    form = with_copied_season(typed(), "low")
    assert week_of(form, "high") == week_of(form, "low")
    assert (form.high_peak, form.high_standard) == ("362.58", "233,02")


def test_a_week_that_is_none_counts_as_the_clocks() -> None:
    form = replace(typed(), low_week="x" * 168, high_week="p")
    assert read(form) == read(typed())


def test_what_a_price_is_with_vat_stands_beside_it() -> None:
    assert price_notes(typed(), "R")["low_peak"] == "R\u00a04.1697 with VAT"
    assert price_notes(in_unit(typed(), "r"), "R")["high_peak"] == "R\u00a08.9666 with VAT"
    assert price_notes(replace(typed(), **dict.fromkeys(BOXES, "?")), "R") == {}


def test_an_odd_price_is_asked_about_with_the_one_that_may_be_meant() -> None:
    form = typed(high_standard="2449.2")
    [asked] = open_questions(form, read(form), "R")
    assert asked.words.startswith(
        "R\u00a024.492 a kWh? Standard in the High season is more than R\u00a015".replace("\u00a015", " 15")
    )
    assert (asked.suggestion, asked.box) == ("244.92", "high_standard")
    meant = replace(form, **{asked.box: asked.suggestion})
    assert open_questions(meant, read(meant), "R") == []
    answered = with_answer(form, asked.key)
    assert open_questions(answered, read(answered), "R") == []
    other = replace(answered, high_standard="2449.3")
    assert len(open_questions(other, read(other), "R")) == 1


def test_cents_typed_as_rand_are_asked_about() -> None:
    form = replace(typed(), unit="r")
    found = open_questions(form, read(form), "R")
    assert len(found) == 8  # six prices, and the default rate of both seasons
    assert {each.suggestion for each in found if each.box == "low_peak"} == {"3.6258"}


def test_nothing_is_asked_about_a_real_price_list() -> None:
    assert open_questions(typed(), read(typed()), "R") == []


def test_rows_of_the_grid_are_in_rand() -> None:
    rows = in_rows(typed())
    assert (rows.layout, rows.unit, rows.rate, rows.seasons[0].rate) == ("rows", "r", "1.8549", "1.8549")
