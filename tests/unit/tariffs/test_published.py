"""What a tariff starts from: every published price list whole, its holidays to the end of its year."""

from datetime import date

import pytest

from portal.core.errors import Invalid
from portal.core.tariffs.rules.tariff_drafts import Preset, day_types
from portal.core.tariffs.rules.tariff_problems import problems
from portal.core.tariffs.rules.tariffs import DayType
from portal.core.tariffs.service.published import _calendar, _figures, presets, public_holidays

SATURDAY, SUNDAY = DayType.SATURDAY, DayType.SUNDAY


def preset(name: str, year: str) -> Preset:
    return next(each for each in presets() if (each.tariff.name, each.year) == (name, year))


def test_a_price_list_from_july_2026_on_carries_its_holidays_to_the_end_of_its_year() -> None:
    found = preset("Cape Town LV TOU", "2026/27").tariff.holidays
    assert [(f"{each.on_date}", each.name, each.day_type) for each in found] == [
        ("2026-08-09", "National Women's Day", SUNDAY),
        ("2026-08-10", "National Women's Day (observed)", SATURDAY),
        ("2026-09-24", "Heritage Day", SATURDAY),
        ("2026-12-16", "Day of Reconciliation", SATURDAY),
        ("2026-12-25", "Christmas Day", SUNDAY),
        ("2026-12-26", "Day of Goodwill", SUNDAY),
        ("2027-01-01", "New Year's Day", SUNDAY),
        ("2027-03-21", "Human Rights Day", SUNDAY),
        ("2027-03-22", "Human Rights Day (observed)", SATURDAY),
        ("2027-03-26", "Good Friday", SUNDAY),
        ("2027-03-29", "Family Day", SUNDAY),
        ("2027-04-27", "Freedom Day", SATURDAY),
        ("2027-05-01", "Workers' Day", SATURDAY),
        ("2027-06-16", "Youth Day", SATURDAY),
    ]


def test_every_price_list_has_the_holidays_of_its_whole_year() -> None:
    for each in presets():
        days = [holiday.on_date for holiday in each.tariff.holidays]
        assert 12 <= len(days) <= 16, each.tariff.name
        assert (days[-1].month, days[-1].day) in {(6, 16), (3, 29), (3, 21)}, each.tariff.name
        assert problems(each.tariff) == [], each.tariff.name
        assert "Public holiday" not in {holiday.name for holiday in each.tariff.holidays}


def test_the_names_make_of_the_printed_days_what_was_printed() -> None:
    raw = _figures()
    by_name = day_types(raw, _calendar("ZA", (2025, 2026)))
    printed = {date.fromisoformat(on): DayType(kind) for on, kind in raw["holidays"].items()}
    different = {on: (kind, by_name.get(on)) for on, kind in printed.items() if by_name.get(on) != kind}
    # The one day that its source doubts itself.
    assert different == {date(2026, 4, 27): (SUNDAY, SATURDAY)}


def test_a_day_that_no_price_list_names_is_as_usual() -> None:
    days = {each.on_date for each in public_holidays("ZA", date(2026, 10, 1), date(2026, 12, 31))}
    assert date(2026, 11, 4) not in days  # local government elections
    assert days == {date(2026, 12, 16), date(2026, 12, 25), date(2026, 12, 26)}


def test_holidays_elsewhere_act_as_sundays_until_somebody_says_otherwise() -> None:
    found = public_holidays("DE", date(2026, 1, 1), date(2026, 12, 31))
    assert {each.day_type for each in found} == {SUNDAY}
    assert [each.name for each in found if each.on_date == date(2026, 10, 3)] == ["German Unity Day"]
    with pytest.raises(Invalid, match="No public holidays are known for 'XX'"):
        public_holidays("XX", date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("name", "year", "charges"),
    [
        (
            "Cape Town LV TOU",
            "2026/27",
            (
                "Network demand R 254.76 per kVA of maximum demand a month",
                "Network capacity R 39.00 per kVA of notified maximum demand a month",
            ),
        ),
        ("Cape Town Small Power Users 1 (flat)", "2026/27", ()),
        (
            "Eskom Ruraflex <=300 km, <500 V (active energy)",
            "2026/27",
            (
                "Network capacity R 61.67 per kVA of notified maximum demand a month",
                "Legacy charge 25.01 c/kWh",
                "Ancillary service 0.45 c/kWh",
                "Network demand 52.55 c/kWh",
            ),
        ),
    ],
)
def test_what_a_price_list_charges_besides_is_named_with_its_figures(
    name: str, year: str, charges: tuple[str, ...]
) -> None:
    assert preset(name, year).tariff.charges_left_out == charges
