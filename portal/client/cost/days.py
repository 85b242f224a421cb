"""The address of the Cost page."""

from uuid import UUID

from portal.client.nav import COST
from portal.core.errors import NotFound
from portal.core.languages import tr
from portal.features.cost.days import query_of
from portal.ui.range_picker import DayRange


def address(days: DayRange, grouping: str, site: str) -> str:
    """The address of the page for these days and this site."""
    return f"{COST}?{query_of(days, grouping, site=site)}"


def site_uuid(text: str) -> UUID | None:
    """Read the site of an address, None for all of them. Raises NotFound for what is no id."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such site.")) from None
