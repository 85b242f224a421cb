"""The form of a tariff: to and from what is stored, and what is wrong with it in the form's own words."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest

from portal.client.rates.draft import Draft, PeriodDraft, SeasonDraft, draft_of, fingerprint, to_wire
from portal.client.rates.problems import problems_in_words
from portal.client.rates.rows import with_new, with_value, without
from portal.core.errors import Invalid
from portal.core.tariffs.rules.tariff_input import read_tariff
from portal.core.tariffs.rules.tariffs import DayType, Holiday, MonthDay, Period, Season, Tariff

SOUND = Draft(name="TOU", municipality_id="1", first="2026-07-01", rate="2.50")
TARIFF = Tariff(
    id=7,
    municipality_id=1,
    name="TOU",
    effective_from=date(2026, 7, 1),
    effective_to=date(2027, 6, 30),
    default_rate_per_kwh=Decimal("2.50"),
    fixed_monthly_charge=Decimal("120.00"),
    vat_rate=Decimal("0.155"),
    is_active=True,
    currency="ZAR",
    periods=(Period("Peak", 31 | 128, time(17, 30), time(20), Decimal("3.75")),),
    seasons=(
        Season(
            "High season",
            MonthDay(6, 1),
            MonthDay(8, 31),
            Decimal("4.10"),
            (Period("Holidays", 128, time(0), time(0), Decimal(1)),),
        ),
    ),
    holidays=(Holiday(date(2026, 12, 25), "Christmas Day", DayType.HOLIDAY),),
)


def problems(draft: Draft) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read_tariff(to_wire(draft))
    return problems_in_words(refused.value, draft)


def test_a_tariff_goes_through_the_form_unchanged() -> None:
    assert read_tariff(to_wire(draft_of(TARIFF))) == TARIFF


def test_a_draft_kept_over_an_upgrade_knows_its_tariff_again() -> None:
    # As the release before marked them: a tab keeps a draft while the server is upgraded.
    assert fingerprint(draft_of(TARIFF)) == "add8c0c33612f537a4bceb04fef01f69"
    assert fingerprint(draft_of(replace(TARIFF, is_active=False))) == "a23107f49945a257135a08f4a3ce0ac2"


def test_a_decimal_comma_is_a_decimal_point() -> None:
    assert read_tariff(to_wire(replace(SOUND, rate="2,50"))).default_rate_per_kwh == Decimal("2.50")


def test_what_is_wrong_is_said_once_while_a_season_has_no_name() -> None:
    draft = with_new(replace(SOUND, periods=[PeriodDraft("Peak"), PeriodDraft("Noon")]), "seasons")
    assert problems(draft) == [
        "Season 1, name: it is still empty",
        "Period 2 (Noon): period 'Noon' overlaps period 'Peak' on Monday at 07:00",
    ]


@pytest.mark.parametrize("typed", [["Winter"], ["", "Winter"], ["Wi", "Winter"]])
def test_a_season_keeps_its_periods_whatever_is_typed_as_its_name(typed: list[str]) -> None:
    draft = draft_of(TARIFF)
    for name in typed:
        draft = with_value(draft, "seasons", 0, {"name": name})
    [season] = read_tariff(to_wire(draft)).seasons
    assert season == replace(TARIFF.seasons[0], name="Winter")


def test_a_period_without_its_season_is_refused() -> None:
    draft = replace(SOUND, seasons=[SeasonDraft("High", key="1")], periods=[PeriodDraft("Peak", "2")])
    assert problems(draft) == ["Period 1: its season is not here any more: choose one"]


def test_a_season_of_two_stretches_keeps_the_periods_of_each() -> None:
    high = TARIFF.seasons[0]
    again = replace(
        high,
        first_day=MonthDay(12, 1),
        last_day=MonthDay(12, 31),
        periods=(Period("Evening", 31, time(17), time(20), Decimal("4.50")),),
    )
    twice = replace(TARIFF, seasons=(high, again))
    draft = draft_of(twice)
    assert read_tariff(to_wire(draft)) == twice
    renamed = read_tariff(to_wire(with_value(draft, "seasons", 0, {"name": "Winter"})))
    assert renamed == replace(twice, seasons=(replace(high, name="Winter"), again))
    left = without(draft, "seasons", 0)
    assert read_tariff(to_wire(left)) == replace(TARIFF, seasons=(again,))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"name": ""}, "Name: it is still empty"),
        ({"rate": "two"}, "Default rate: a number is needed here, like 2.50, not 'two'"),
        ({"vat_percent": "x"}, "VAT: a percentage from 0 to 100 is needed here, like 15, not 'x'"),
        ({"vat_percent": "150"}, "VAT: a percentage from 0 to 100 is needed here, like 15, not '150'"),
        (
            {"periods": [PeriodDraft("Peak", days=[False] * 8)]},
            "Period 1 (Peak), days: choose at least one day",
        ),
        (
            {"seasons": [SeasonDraft("High", key="1", last_month="02", last_day="31")]},
            "Season 1 (High), last day: a day of the year is needed here, like 06-01 for 1 June, not '02-31'",
        ),
        (
            {
                "seasons": [SeasonDraft("High", key="1")],
                "periods": [PeriodDraft("Peak"), PeriodDraft("Night", "1", rate="1e6")],
            },
            "Period 2 (Night), rate: the rate of period 'Night' must be below 1,000,000, but is 1E+6",
        ),
    ],
)
def test_a_problem_is_said_where_it_is_in_the_form(changes: dict[str, object], line: str) -> None:
    assert problems(replace(SOUND, **changes)) == [line]  # type: ignore[arg-type]


def test_periods_are_counted_as_the_form_shows_them() -> None:
    """Periods for holidays alone travel in a list of their own, which is not how they stand in the form."""
    only_holidays = PeriodDraft("Holidays", days=[False] * 7 + [True])
    draft = replace(SOUND, periods=[only_holidays, PeriodDraft("Peak", rate="x")])
    assert problems(draft) == [
        "Period 2 (Peak), rate: a number is needed here, like 2.50, not 'x'",
    ]


def test_every_problem_is_listed() -> None:
    assert len(problems(replace(SOUND, name="", rate="x", first="soon"))) == 3
