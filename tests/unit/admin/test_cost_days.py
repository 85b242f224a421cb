"""Days in the address, instants for the service."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.admin.customer_detail.cost.days import address
from portal.core.cost.rules.cost import check_window
from portal.features.cost.days import days_asked_for, instants_of
from portal.ui.range_picker import DayRange

TODAY = date(2026, 11, 20)
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1))


def test_seven_days_where_the_address_names_none() -> None:
    assert days_asked_for({}, TODAY) == DayRange(date(2026, 11, 14), TODAY)
    assert days_asked_for({"from": "soon", "to": "later"}, TODAY) == DayRange(date(2026, 11, 14), TODAY)


def test_both_days_of_the_address_are_included() -> None:
    days = days_asked_for({"from": "2026-05-18", "to": "2026-05-19"}, TODAY)
    assert instants_of(days) == (datetime(2026, 5, 18, tzinfo=UTC), datetime(2026, 5, 20, tzinfo=UTC))


@given(DAYS, st.integers(0, 365))
def test_an_address_leads_back_to_its_days(first: date, more: int) -> None:
    days = DayRange(first, first + timedelta(days=more))
    query = dict(part.split("=") for part in address("id", days).split("?")[1].split("&"))
    assert days_asked_for(query, TODAY) == days
    check_window(*instants_of(days))
