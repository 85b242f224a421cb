"""What the list of customers shows, as texts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypedDict

from portal.admin.customers.backlog import backlog_detail, backlog_line
from portal.admin.status import WORDS, tone_of
from portal.core.fleet.rules.customer_lists import FILTERS, CustomerStatus
from portal.core.fleet.service.customer_lists import CustomerCounts, ListedCustomer
from portal.core.languages import tr
from portal.ui import formats
from portal.ui.listing import FilterChip

_NOTHING: Final = "\u2013"


class CustomerRow(TypedDict):
    """One line of the list; `grace` is empty outside the grace window of a rotated token."""

    id: str
    href: str
    code: str
    name: str
    status: str
    tone: str
    why: str
    is_active: bool
    last_seen: str
    last_seen_utc: str
    backlog: str
    backlog_detail: str
    sites: str
    devices: str
    today_kwh: str
    issued: str
    issued_utc: str
    rotated: str
    grace: str
    grace_utc: str


def build_rows(customers: Iterable[ListedCustomer], now: datetime, zone: str) -> list[CustomerRow]:
    """The customers as rows; `zone` is the one times are shown in."""
    return [_row(customer, now, zone) for customer in customers]


def updated(shown: Iterable[CustomerRow], rows: Iterable[CustomerRow]) -> list[CustomerRow]:
    """The rows that are shown with what is known of them now, in the order they have."""
    now = {row["id"]: row for row in rows}
    return [now.get(row["id"], row) for row in shown]


def filter_counts(counts: CustomerCounts) -> list[FilterChip]:
    """The filters with how many customers each leaves; one that leaves nobody is a filter as well."""
    chips = [
        FilterChip(key=key, label=tr(WORDS[key]), count=formats.number(counts.of(key), 0)) for key in FILTERS
    ]
    return [FilterChip(key="", label=tr("All"), count=formats.number(counts.everybody, 0)), *chips]


def summary(counts: CustomerCounts, search: str) -> str:
    """What stands under the title: how many there are, and how many are alive."""
    if not counts.everybody:
        return ""
    found = tr(" match") if search else ""
    if search and counts.everybody == 1:
        found = tr(" matches")
    alive = formats.number(counts.active, 0)
    return tr(
        "{customer}{found}, {alive} active within the hour",
        customer=formats.counted(counts.everybody, "{count} customer", "{count} customers"),
        found=found,
        alive=alive,
    )


def _row(customer: ListedCustomer, now: datetime, zone: str) -> CustomerRow:
    rotated_at, grace_until = customer.token_rotated_at, customer.previous_token_expires_at
    in_grace = grace_until is not None and grace_until > now
    issued_at = rotated_at or customer.token_issued_at
    has_meters = customer.meter_count > 0
    return {
        "id": str(customer.id),
        "href": f"/customers/{customer.id}",
        "code": customer.code,
        "name": customer.name,
        "status": tr(WORDS[customer.state]),
        "tone": tone_of(customer.state),
        "why": customer.refusal if customer.state is CustomerStatus.FAILING else "",
        "is_active": customer.state is not CustomerStatus.DISABLED,
        "last_seen": formats.relative(customer.last_seen_at, now) if customer.last_seen_at else _NOTHING,
        "last_seen_utc": formats.utc_time(customer.last_seen_at),
        "backlog": backlog_line(customer.push, now),
        "backlog_detail": backlog_detail(customer.push, now),
        "sites": formats.number(customer.site_count, 0),
        "devices": formats.number(customer.meter_count, 0),
        "today_kwh": formats.number(customer.energy_today_kwh, 2) if has_meters else _NOTHING,
        "issued": formats.local_date(issued_at, zone),
        "issued_utc": formats.utc_time(issued_at),
        "rotated": _token_note(customer, now),
        "grace": tr("Old token valid until {grace_until}", grace_until=formats.near_time(grace_until, zone))
        if in_grace
        else "",
        "grace_utc": formats.utc_time(grace_until) if in_grace else "",
    }


def _token_note(customer: ListedCustomer, now: datetime) -> str:
    if customer.first_seen_at is None:
        return tr("waiting for the first push")
    rotated_at = customer.token_rotated_at
    return tr("Rotated {rotated_at}", rotated_at=formats.relative(rotated_at, now)) if rotated_at else ""
