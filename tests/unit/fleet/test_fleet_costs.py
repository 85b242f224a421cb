"""A month of a fleet: prices by the hour, money by currency."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from portal.admin.fleet_cost.address import MonthAsked, first_of, month_address, month_in, stepped_month
from portal.admin.fleet_cost.files import month_csv
from portal.admin.fleet_cost.view import build_months, build_totals, coverage_words, ordered
from portal.core.cost.rules.fleet_costs import CustomerAsked, PricedEnergy, currency_totals, customer_months
from portal.core.cost.rules.fleet_prices import LocalMonth, fleet_prices
from portal.core.cost.rules.rates import Price
from portal.core.cost.service.fleet_costs import FleetMonth
from portal.core.energy.rules.as_of import AsOf
from portal.core.tariffs.rules.tariffs import Period, Tariff
from portal.core.values.time import HOUR

ZA, NY = ZoneInfo("Africa/Johannesburg"), ZoneInfo("America/New_York")
MAY = LocalMonth(date(2026, 5, 1))
A, B = UUID(int=1), UUID(int=2)
ZAR = Price(1, Decimal("2.5"), Decimal("0.15"), None, None)
USD = Price(2, Decimal("0.1"), Decimal(0), None, "USD")


def tariff(start: str = "17:00", **change: object) -> Tariff:
    clock = datetime.strptime
    peak = Period(
        name="Peak",
        days_of_week=127,
        start_time=clock(start, "%H:%M").time(),
        end_time=clock("20:00", "%H:%M").time(),
        rate_per_kwh=Decimal(4),
    )
    given = {
        "id": 7,
        "municipality_id": 1,
        "name": "TOU",
        "effective_from": date(2026, 1, 1),
        "effective_to": None,
        "default_rate_per_kwh": Decimal(2),
        "fixed_monthly_charge": Decimal(0),
        "vat_rate": Decimal("0.15"),
        "is_active": True,
        "periods": (peak,),
    }
    return Tariff(**(given | change))


def test_tariffs_that_say_the_same_share_a_calendar() -> None:
    prices = fleet_prices(MAY, [ZA, NY])
    first = prices.calendar_of((tariff(),), ZA)
    assert prices.calendar_of((tariff(id=99, municipality_id=5, name="Another"),), ZA) == first
    assert prices.calendar_of((tariff(),), NY) != first
    assert prices.calendar_of((tariff(default_rate_per_kwh=Decimal(3)),), ZA) != first
    assert len(prices.numbers) == 3 * prices.hours


def test_every_hour_of_the_local_month_has_its_price_and_no_other_has() -> None:
    prices = fleet_prices(MAY, [ZA, NY])
    calendar = prices.calendar_of((tariff(effective_from=date(2026, 5, 3)),), ZA)
    assert not prices.uneven
    own = prices.numbers[calendar * prices.hours : (calendar + 1) * prices.hours]
    for index, number in enumerate(own):
        local = (prices.first_hour + index * HOUR).astimezone(ZA)
        if local.month != 5:
            assert number == 0
        elif local.day < 3:
            assert prices.price(number) is None
        else:
            price = prices.price(number)
            assert price is not None
            assert price.rate_per_kwh == (4 if 17 <= local.hour < 20 else 2)


def test_hours_within_which_a_price_begins_are_told() -> None:
    prices = fleet_prices(MAY, [ZA])
    uneven = prices.calendar_of((tariff("17:30"),), ZA)
    assert prices.uneven == {uneven}
    half = fleet_prices(MAY, [ZoneInfo("Asia/Kolkata")])
    half.calendar_of((), ZoneInfo("Asia/Kolkata"))
    assert half.uneven


def priced(customer: UUID, price: Price | None, kwh: int, covered: int = 0, gaps: int = 0) -> PricedEnergy:
    return PricedEnergy(customer, price, kwh * 1_000_000, gaps * 1_000_000, covered)


def test_money_of_two_currencies_is_never_added_up() -> None:
    customers = [CustomerAsked(A, "acme", "Acme", 744, True), CustomerAsked(B, "bay", "Bay", 0, True)]
    energy = [priced(A, ZAR, 100, 700, 3), priced(A, USD, 50), priced(A, None, 6, 10)]
    zar, usd, none = customer_months(customers, energy, "ZAR")
    assert (zar.kwh, zar.base_cost, zar.vat, zar.total) == (106, 250, Decimal("37.5"), Decimal("287.5"))
    assert (zar.unpriced_kwh, zar.unallocated_kwh, zar.covered_hours, zar.asked_hours) == (6, 3, 710, 744)
    assert (usd.currency, usd.kwh, usd.total, usd.unpriced_kwh, usd.asked_hours) == ("USD", 50, 5, 0, 0)
    assert (none.code, none.kwh, none.currency, none.coverage) == ("bay", 0, "ZAR", None)
    totals = {
        each.currency: (each.customers, each.kwh, each.total) for each in currency_totals((zar, usd, none))
    }
    assert totals == {"USD": (1, 50, 5), "ZAR": (2, 106, Decimal("287.5"))}


def test_the_table_and_the_file_say_it() -> None:
    customers = [
        CustomerAsked(A, "acme", "=Acme", 744, False),
        CustomerAsked(B, "bay", "Bay", 744, True),
    ]
    lines = customer_months(customers, [priced(A, ZAR, 100, 744), priced(B, None, 8, 700, 2)], "ZAR")
    month = FleetMonth(MAY.first, lines, currency_totals(lines), AsOf(datetime(2026, 6, 1, tzinfo=UTC)))
    assert [line.code for line in ordered(month, "total", is_descending=True)] == ["acme", "bay"]
    assert [line.code for line in ordered(month, "coverage", is_descending=False)] == ["bay", "acme"]
    acme, bay = build_months(lines, "2026-05-01", "2026-05-31")
    assert (acme["total"], acme["rate"], acme["coverage"]) == (
        "R\u00a0287.50",
        "R\u00a02.8750",
        "100.0\u00a0%",
    )
    assert "its own page is exact" in acme["note"]
    assert acme["href"].endswith("?tab=cost&from=2026-05-01&to=2026-05-31&days=local")
    assert (bay["rate"], bay["coverage"], bay["is_low"]) == ("\u2013", "94.1\u00a0%", True)
    assert bay["note"] == "8.00 kWh without a tariff; 2.00 kWh used during gaps, not placed"
    [total] = build_totals(month.totals)
    assert (total["currency"], total["customers"], total["total"]) == ("ZAR", "2", "R\u00a0287.50")
    rows = month_csv(month, for_machine=True).decode().splitlines()
    figures = "100.000000,250.0000000,37.500000000,287.500000000,0.000000,0.000000"
    reach = "2026-05,local,2026-06-01T00:00:00Z,yes"
    assert rows[1] == f"'=Acme,acme,ZAR,{figures},744,744,no,{reach}"
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("share", "words"), [("1", "100.0\u00a0%"), ("0.9999", "99.9\u00a0%"), ("0", "0.0\u00a0%")]
)
def test_only_all_hours_are_a_hundred_percent(share: str, words: str) -> None:
    assert coverage_words(Decimal(share)) == words


def test_the_address_names_a_month() -> None:
    today = date(2026, 11, 30)
    assert month_in({}, today) == MonthAsked(date(2026, 11, 1))
    asked = month_in({"month": "2026-05", "sort": "name", "page": "3"}, today)
    assert asked == MonthAsked(date(2026, 5, 1), "name", is_descending=False, page=3)
    assert month_address(asked) == "/cost?month=2026-05&sort=name&page=3"
    assert stepped_month(asked, -1).first == date(2026, 4, 1)
    assert stepped_month(MonthAsked(date(2026, 12, 1)), 1).first == date(2027, 1, 1)
    assert [first_of(text) for text in ("2026-13", "x", "1800-01", "")] == [None] * 4
