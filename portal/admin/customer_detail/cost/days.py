"""The address of the tab with the cost."""

from portal.features.cost.days import LOCAL_DAYS, query_of
from portal.ui.range_picker import DayRange


def address(path: str, days: DayRange, grouping: str = LOCAL_DAYS) -> str:
    """The address of the tab for these days, on the page of the path."""
    return f"{path}?tab=cost&{query_of(days, grouping)}"
