"""What the list of customers shows, as texts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypedDict

from portal.admin.customers.backlog import backlog_detail, backlog_line
from portal.admin.status import customer_status
from portal.core.fleet.service.customers import CustomerLine
from portal.ui import formats


class CustomerRow(TypedDict):
    """One line of the list; `grace` is empty outside the grace window of a rotated token."""

    id: str
    href: str
    code: str
    name: str
    status: str
    tone: str
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


def build_rows(lines: Iterable[CustomerLine], now: datetime, zone: str) -> list[CustomerRow]:
    """The lines as rows; `zone` is the one times are shown in."""
    return [_row(line, now, zone) for line in lines]


def matching(rows: Sequence[CustomerRow], search: str) -> list[CustomerRow]:
    """The rows whose code or name contains every word searched for."""
    words = search.casefold().split()
    return [row for row in rows if all(word in f"{row['code']} {row['name']}".casefold() for word in words)]


def as_of(lines: Sequence[CustomerLine], zone: str) -> str:
    """How far the energy of lines that were read together goes."""
    return formats.as_of(lines[0].energy_as_of, zone) if lines else ""


def summary(rows: Sequence[CustomerRow]) -> str:
    """What stands under the title: how many there are, and how many are alive."""
    if not rows:
        return ""
    alive = sum(row["tone"] == "ok" for row in rows)
    return f"{formats.count(len(rows), 'customer')}, {alive} active within the hour"


def _row(line: CustomerLine, now: datetime, zone: str) -> CustomerRow:
    status, tone = customer_status(is_active=line.is_active, last_seen_at=line.last_seen_at, now=now)
    rotated_at, grace_until = line.token_rotated_at, line.previous_token_expires_at
    in_grace = grace_until is not None and grace_until > now
    return {
        "id": str(line.id),
        "href": f"/customers/{line.id}",
        "code": line.code,
        "name": line.name,
        "status": status,
        "tone": tone,
        "is_active": line.is_active,
        "last_seen": formats.relative(line.last_seen_at, now),
        "last_seen_utc": formats.utc_time(line.last_seen_at),
        "backlog": backlog_line(line.push, now),
        "backlog_detail": backlog_detail(line.push, now),
        "sites": formats.number(line.site_count, 0),
        "devices": formats.number(line.device_count, 0),
        "today_kwh": formats.number(line.energy_today_kwh, 2),
        "issued": formats.local_date(line.token_issued_at, zone),
        "issued_utc": formats.utc_time(line.token_issued_at),
        "rotated": f"Rotated {formats.relative(rotated_at, now)}" if rotated_at else "",
        "grace": f"Old token valid until {formats.near_time(grace_until, zone)}" if in_grace else "",
        "grace_utc": formats.utc_time(grace_until) if in_grace else "",
    }
