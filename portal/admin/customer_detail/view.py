"""The head of a customer's page, as texts."""

from datetime import datetime
from typing import Final, TypedDict

from portal.admin.status import WORDS, tone_of
from portal.core.fleet.rules.customer_lists import CustomerStatus
from portal.core.fleet.service.customer_lists import ListedCustomer
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

SITES: Final = "sites"
TARIFFS: Final = "tariffs"
COST: Final = "cost"
EVENTS: Final = "events"
QUALITY: Final = "quality"
GRAFANA: Final = "grafana"
TABS: Final = (
    (SITES, noted("Sites & devices")),
    (TARIFFS, noted("Tariffs")),
    (COST, noted("Cost")),
    (EVENTS, noted("Ingest events")),
    (QUALITY, noted("Data quality")),
    (GRAFANA, "Grafana"),
)


class CustomerHead(TypedDict):
    """Name and state of the customer the page is about; `about` says how much there is of it."""

    id: str
    code: str
    name: str
    status: str
    tone: str
    is_active: bool
    last_seen: str
    last_seen_utc: str
    about: str
    grace: str


NOBODY: Final[CustomerHead] = {
    "id": "",
    "code": "",
    "name": "",
    "status": "",
    "tone": "",
    "is_active": True,
    "last_seen": "",
    "last_seen_utc": "",
    "about": "",
    "grace": "",
}


def build_head(line: ListedCustomer, now: datetime, zone: str) -> CustomerHead:
    """What stands above the tabs; `zone` is the one times are shown in."""
    grace_until = line.previous_token_expires_at
    in_grace = grace_until is not None and grace_until > now
    meters = formats.counted(line.meter_count, "{count} meter", "{count} meters")
    return {
        "id": str(line.id),
        "code": line.code,
        "name": line.name,
        "status": tr(WORDS[line.state]),
        "tone": tone_of(line.state),
        "last_seen": tr("Last seen {last_seen_at}", last_seen_at=formats.relative(line.last_seen_at, now))
        if line.last_seen_at
        else "",
        "last_seen_utc": formats.utc_time(line.last_seen_at),
        "is_active": line.state is not CustomerStatus.DISABLED,
        "about": f"{formats.counted(line.site_count, '{count} site', '{count} sites')}, {meters}",
        "grace": tr("Old token valid until {grace_until}", grace_until=formats.near_time(grace_until, zone))
        if in_grace
        else "",
    }


def known_tab(text: str) -> str:
    """The tab an address names; the first one when it names none."""
    return text if text in dict(TABS) else SITES
