"""A month's report: what is compared with what, what adds up, and what stands on the page."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pypdf
import pytest

from portal.core.brand.queries import StoredImage
from portal.core.cost.rules.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.delivery.mail import Letterhead
from portal.core.errors import Invalid
from portal.core.reports.rules.month_report import (
    MonthEvent,
    MonthReport,
    MonthTotals,
    build_report,
    compare,
    month_before,
    month_in,
    totals_of,
)
from portal.core.reports.typesetting import month_pdf, set_page

_ZONE = ZoneInfo("Africa/Johannesburg")
OCTOBER = date(2026, 10, 1)
_ZERO = Decimal(0)


def _period(name: str | None, kwh: int, rate: str) -> PeriodCost:
    base = kwh * Decimal(rate)
    return PeriodCost(name, Decimal(kwh), base, base * Decimal("0.15"), base * Decimal("1.15"))


def _day(number: int) -> DayCost:
    shares = (
        ("Off-peak", 400 + 9 * number, "1.20"),
        ("Standard", 500, "1.90"),
        ("Peak", 300 - 5 * number, "3.75"),
    )
    periods = tuple(_period(*share) for share in shares)
    sums = [
        sum((getattr(each, name) for each in periods), _ZERO) for name in ("kwh", "base_cost", "vat", "total")
    ]
    return DayCost(date(2026, 10, number), *sums, periods)


def _device(site: str, kwh: Decimal, total: Decimal, number: int) -> DeviceCost:
    return DeviceCost(UUID(int=number), "Main", site, kwh, total, _ZERO, total, 0)


def cost_report() -> CostReport:
    """October of two sites, every day of it."""
    days = tuple(_day(number) for number in range(1, 32))
    kwh, total = (sum((getattr(day, name) for day in days), _ZERO) for name in ("kwh", "total"))
    names = ("Off-peak", "Standard", "Peak")
    periods = tuple(
        PeriodCost(
            name,
            *(
                sum((getattr(day.periods[index], part) for day in days), _ZERO)
                for part in ("kwh", "base_cost", "vat", "total")
            ),
        )
        for index, name in enumerate(names)
    )
    fixed = tuple(
        FixedCost(OCTOBER, date(2026, 10, 31), site, "LV TOU", Decimal(1000), Decimal(150), Decimal(1150))
        for site in ("Cold store", "Head office")
    )
    return CostReport(
        from_at=datetime(2026, 9, 30, 22, tzinfo=UTC),
        to_at=datetime(2026, 10, 31, 22, tzinfo=UTC),
        currency="ZAR",
        total_kwh=kwh,
        base_cost=total,
        vat=_ZERO,
        total=total,
        buckets_without_tariff=0,
        unallocated_kwh=Decimal("12.5"),
        estimated_kwh=_ZERO,
        suspect_readings=0,
        days=days,
        devices=(
            _device("Cold store", kwh * 3 / 4, total * 3 / 4, 1),
            _device("Head office", kwh / 4, total / 4, 2),
        ),
        periods=periods,
        fixed=fixed,
    )


def _other(month: date, kwh: str = "40000", total: str = "80000", coverage: float = 1.0) -> MonthTotals:
    return MonthTotals(month, Decimal(kwh), Decimal(total), Decimal(2300), "ZAR", coverage, 2.0)


def made_report(events: int = 2, *, is_so_far: bool = False) -> MonthReport:
    """October as it is read, with events."""
    report = cost_report()
    began = datetime(2026, 10, 7, 6, 30, tzinfo=UTC)
    happened = [
        MonthEvent(
            began + timedelta(hours=7 * number),
            began + timedelta(hours=7 * number, minutes=95),
            "Meter silent: Main, Cold store. No reading since 08:00",
        )
        for number in range(events)
    ]
    before = [
        ("The month before", _other(date(2026, 9, 1)), date(2026, 9, 1)),
        ("The same month a year before", None, date(2025, 10, 1)),
    ]
    return build_report(
        totals_of(OCTOBER, report, 1.0, 2.0),
        report,
        before,
        happened,
        zone=_ZONE,
        made_at=datetime(2026, 11, 1, 4, 0, tzinfo=UTC),
        is_so_far=is_so_far,
    )


def test_sites_add_up_to_the_month_and_the_dearest_is_first() -> None:
    report = made_report()
    assert [site.name for site in report.sites] == ["Cold store", "Head office"]
    assert sum(site.total for site in report.sites) == report.totals.total
    assert sum(site.kwh for site in report.sites) == report.totals.kwh
    assert sum(line.cost for line in report.periods) == report.totals.energy_cost


def test_months_are_compared_where_both_are_known() -> None:
    this = _other(OCTOBER, "44000", "85770")
    beside = compare(this, "Before", _other(date(2026, 9, 1)), date(2026, 9, 1), is_so_far=False)
    assert beside.kwh_change == pytest.approx(0.1)
    assert beside.cost_change == pytest.approx(88070 / 82300 - 1)


@pytest.mark.parametrize(
    ("other", "is_so_far", "why_not"),
    [
        (None, False, "there are no readings of September 2026"),
        (_other(date(2026, 9, 1), coverage=0.0), False, "there are no readings of September 2026"),
        (
            _other(date(2026, 9, 1), coverage=0.9),
            False,
            "10 % of the hours of September 2026 have no readings",
        ),
        (_other(date(2026, 9, 1)), True, "the month is not over"),
        (
            replace(_other(date(2026, 9, 1)), meters=1.5),
            False,
            "not the same meters were there in September 2026",
        ),
        (replace(_other(date(2026, 9, 1)), currency="EUR"), False, "September 2026 was in another currency"),
    ],
)
def test_a_comparison_that_would_mean_nothing_says_why(
    *, other: MonthTotals | None, is_so_far: bool, why_not: str
) -> None:
    found = compare(_other(OCTOBER), "Before", other, date(2026, 9, 1), is_so_far=is_so_far)
    assert (found.why_not, found.kwh_change, found.cost_change) == (why_not, None, None)


def test_months_before_go_over_the_years_end() -> None:
    assert [month_before(date(2026, 1, 31), count) for count in (0, 1, 12)] == [
        date(2026, 1, 1),
        date(2025, 12, 1),
        date(2025, 1, 1),
    ]
    assert (month_in("2026-10"), month_in("")) == (OCTOBER, None)
    for wrong in ("2026-13", "October", "2026-10-01"):
        with pytest.raises(Invalid):
            month_in(wrong)


def _text(content: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


async def test_the_page_says_all_of_it_in_the_brands_name() -> None:
    content = await month_pdf(made_report(), Letterhead("Harbour #1 & $ons [Fresh]", "#b3242a"), None)
    text = _text(content)
    # Marks of the typesetter in a name are a part of the name.
    for words in ("Harbour #1 & $ons [Fresh]", "October 2026", "Cost by period", "Off-peak", "Cold store"):
        assert words in text
    report = made_report()
    assert f"{report.totals.kwh:,.1f}".replace(",", "\u2009").replace("\u2009", " ") in text.replace(
        "\u2009", " "
    )
    assert "No comparison: there are no readings of October 2025" in text
    assert "12.5 kWh were used in long gaps" in text
    assert "Meter silent: Main, Cold store" in text


async def test_a_month_with_much_in_it_takes_more_pages_and_says_what_it_leaves_out() -> None:
    content = await month_pdf(made_report(60), Letterhead("Harbour", "#0b6e99"), None)
    assert len(pypdf.PdfReader(io.BytesIO(content)).pages) == 2
    assert "and 20 more, in the list of alerts" in _text(content)


async def test_a_logo_that_cannot_be_drawn_is_left_out() -> None:
    broken = StoredImage(b"no picture", "image/png", datetime(2026, 1, 1, tzinfo=UTC))
    assert "October 2026" in _text(await month_pdf(made_report(), Letterhead("Harbour", "#0b6e99"), broken))


def test_a_month_without_anything_is_a_page_as_well() -> None:
    empty = replace(cost_report(), days=(), devices=(), periods=(), fixed=(), total_kwh=_ZERO, total=_ZERO)
    report = build_report(
        totals_of(OCTOBER, empty, 0.0, 0.0),
        empty,
        [],
        [],
        zone=_ZONE,
        made_at=datetime(2026, 11, 1, tzinfo=UTC),
        is_so_far=False,
    )
    assert "No alert in this month" in _text(set_page(report, Letterhead("Harbour", "#0b6e99"), None))
