"""The address of the tab with the cost."""

from portal.features.cost.days import UTC_DAYS, query_of
from portal.ui.range_picker import DayRange


def address(customer_id: str, days: DayRange, grouping: str = UTC_DAYS) -> str:
    """The address of the tab for these days."""
    return f"/customers/{customer_id}?tab=cost&{query_of(days, grouping)}"
