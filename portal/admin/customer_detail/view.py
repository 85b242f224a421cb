"""The head of a customer's page, as texts."""

from datetime import datetime
from typing import Final, TypedDict

from portal.admin.status import customer_status
from portal.core.fleet.service.customers import CustomerLine
from portal.ui import formats

SITES: Final = "sites"
TARIFFS: Final = "tariffs"
COST: Final = "cost"
QUALITY: Final = "quality"
TABS: Final = (
    (SITES, "Sites & devices"),
    (TARIFFS, "Tariffs"),
    (COST, "Cost"),
    (QUALITY, "Data quality"),
)


class CustomerHead(TypedDict):
    """Name and state of the customer the page is about."""

    code: str
    name: str
    status: str
    tone: str
    last_seen: str
    last_seen_utc: str


NOBODY: Final[CustomerHead] = {
    "code": "",
    "name": "",
    "status": "",
    "tone": "",
    "last_seen": "",
    "last_seen_utc": "",
}


def build_head(line: CustomerLine, now: datetime) -> CustomerHead:
    """What stands above the tabs."""
    status, tone = customer_status(is_active=line.is_active, last_seen_at=line.last_seen_at, now=now)
    return {
        "code": line.code,
        "name": line.name,
        "status": status,
        "tone": tone,
        "last_seen": f"Last seen {formats.relative(line.last_seen_at, now)}" if line.last_seen_at else "",
        "last_seen_utc": formats.utc_time(line.last_seen_at),
    }


def known_tab(text: str) -> str:
    """The tab an address names; the first one when it names none."""
    return text if text in dict(TABS) else SITES
