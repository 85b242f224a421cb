"""The Data quality page of the fleet in texts: whose events wait, and of how many those shown are."""

from uuid import UUID

import pytest

from portal.admin.data_quality import view
from portal.core.quality.service.meter_events import WaitingOfCustomer
from portal.ui import formats


def _waiting(customers: int) -> list[WaitingOfCustomer]:
    return [WaitingOfCustomer(UUID(int=n), f"Customer {n}", 1 + n) for n in range(customers)]


def test_customers_with_the_most_are_shown_and_of_how_many() -> None:
    few, many = _waiting(2), _waiting(1200)
    assert [line["count"] for line in view.customer_lines(few)] == ["1 event", "2 events"]
    assert view.customers_note(few) == ""
    assert len(view.customer_lines(many)) == 50
    assert (
        view.customers_note(many)
        == f"The 50 with the most of {formats.counted(1200, '{count} customer', '{count} customers')}"
    )


@pytest.mark.parametrize(
    ("shown", "count", "note"),
    [
        (0, 0, "Decided at the customer"),
        (100, 100, "Decided at the customer"),
        (
            100,
            2345,
            f"The latest 100 of {formats.counted(2345, '{count} event', '{count} events')}; decided at the customer",
        ),
    ],
)
def test_the_latest_events_are_shown_and_of_how_many(shown: int, count: int, note: str) -> None:
    assert view.events_note(shown, count) == note
