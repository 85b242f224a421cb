"""The entry of the navigation that leads to what waits for a decision."""

from portal.core.languages import tr
from portal.features.data_quality.waiting_state import WaitingState
from portal.ui.layout import NavItem


def quality_entry(href: str) -> NavItem:
    """Return the entry, with the number of events that wait."""
    return NavItem(
        tr("Data quality"), href, "clipboard-check", count=WaitingState.count, count_words=tr("to decide")
    )
