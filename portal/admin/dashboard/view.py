"""What the operators' dashboard shows, as texts. Pure."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from portal.admin.dashboard.lag import draw_lag
from portal.admin.status import WORDS, tone_of
from portal.core.fleet.rules.customer_lists import CustomerStatus
from portal.core.fleet.rules.data_debt import DebtLine
from portal.core.fleet.service.fleet_dashboard import FleetNow
from portal.ui import formats
from portal.ui.line_plot import NO_LINES, LinePlot

_NONE: Final = "\u2013"
_ABOUT: Final = "\u2248\u2009"
_MEGA: Final = 1000
_SOON: Final = timedelta(days=1)


class StatePart(TypedDict):
    """A part of the fleet's bar: a state with its count, its width and the list it leads to."""

    label: str
    count: str
    width: str
    tone: str
    href: str


class FleetFigure(TypedDict):
    """A big figure with its unit and note."""

    value: str
    unit: str
    note: str


class DebtRow(TypedDict):
    """A customer of which something is missing."""

    name: str
    code: str
    href: str
    status: str
    tone: str
    waiting: str
    oldest: str
    oldest_utc: str
    drain: str
    full: str
    full_tone: str
    events: str
    events_href: str
    why: str


class ReceivedRow(TypedDict):
    """A line of what came; `href` leads to what it is made of where there is a page."""

    label: str
    value: str
    href: str


class _Figures(TypedDict):
    customers: FleetFigure
    active: FleetFigure
    power: FleetFigure
    today: FleetFigure


class FleetShown(_Figures):
    """All of the page."""

    subtitle: str
    loses: str
    loses_href: str
    sentence: str
    parts: list[StatePart]
    debt: list[DebtRow]
    debt_words: str
    lag: LinePlot
    lag_words: str
    received: list[ReceivedRow]
    as_of: str


_NO_FIGURE: Final[FleetFigure] = {"value": _NONE, "unit": "", "note": ""}
NOTHING: Final[FleetShown] = {
    "subtitle": "", "loses": "", "loses_href": "", "sentence": "", "parts": [], "customers": _NO_FIGURE,
    "active": _NO_FIGURE, "power": _NO_FIGURE, "today": _NO_FIGURE, "debt": [], "debt_words": "", "lag": NO_LINES,
    "lag_words": "", "received": [], "as_of": "",
}  # fmt: skip


def build_fleet(fleet: FleetNow, week_before: Decimal | None, zone: str) -> FleetShown:
    """Return what the page shows of a moment; `zone` is the one times are shown in."""
    local = fleet.at.astimezone(ZoneInfo(zone))
    first = next((line for line in fleet.debt if line.full_at is not None and line.full_at > fleet.at), None)
    return {
        "subtitle": f"{local:%A} {local.day} {local:%B %Y}, {local:%H:%M}, {zone}",
        "loses": "" if first is None else f"{first.name} loses readings in {_full(first, fleet.at)[0]}",
        "loses_href": "" if first is None else f"/customers/{first.customer_id}",
        "sentence": _sentence(fleet, first),
        "parts": _parts(fleet),
        **_figures(fleet, week_before, local),
        "debt": [_debt(line, fleet.at, zone) for line in fleet.debt],
        "debt_words": _debt_words(fleet),
        "lag": draw_lag(fleet.moments, fleet.at, zone),
        "lag_words": _lag_words(fleet),
        "received": _received(fleet),
        "as_of": formats.as_of(fleet.energy_as_of, zone),
    }


def _sentence(fleet: FleetNow, first: DebtLine | None) -> str:
    counts = fleet.counts
    boards = ""
    if first is not None:
        are = "is" if first.silent_boards == 1 else "are"
        boards = f": {formats.count(first.silent_boards, 'board')} {are} silent. "
    if not counts.failing and not counts.late:
        return f"{boards}Everything that exists is here." if not fleet.debt_count or boards else _quiet(fleet)
    parts = [
        f"{formats.count(counts.failing, 'customer')} {'fails' if counts.failing == 1 else 'fail'}"
        if counts.failing
        else "",
        f"{formats.number(counts.late, 0)} {'is' if counts.late == 1 else 'are'} late" if counts.late else "",
    ]
    return f"{boards}{' and '.join(part for part in parts if part)}; what they have is kept."


def _quiet(fleet: FleetNow) -> str:
    return f"Nobody fails or is late; something is missing of {formats.count(fleet.debt_count, 'customer')}."


def _parts(fleet: FleetNow) -> list[StatePart]:
    states = (
        (CustomerStatus.ACTIVE, "Active within the hour"),
        (CustomerStatus.LATE, "Late"),
        (CustomerStatus.FAILING, "Failing"),
        (CustomerStatus.NEVER_SEEN, "Never seen"),
        (CustomerStatus.DISABLED, "Disabled"),
    )
    return [
        {
            "label": words,
            "count": formats.number(fleet.counts.of(state), 0),
            "width": f"{fleet.counts.of(state) / max(fleet.counts.everybody, 1) * 100:.3f}%",
            "tone": state.value,
            "href": f"/customers?show={state}",
        }
        for state, words in states
    ]


def _figures(fleet: FleetNow, week_before: Decimal | None, local: datetime) -> _Figures:
    counts = fleet.counts
    enabled = counts.everybody - counts.disabled
    kw, unit = fleet.power.kw, "kW"
    if kw is not None and abs(kw) >= _MEGA:
        kw, unit = kw / _MEGA, "MW"
    kwh, energy_unit = fleet.today_kwh, "kWh"
    if kwh >= 100 * _MEGA:
        kwh, energy_unit = kwh / _MEGA, "MWh"
    before = "" if fleet.active_before is None else f"; {formats.number(fleet.active_before, 0)} a day ago"
    return {
        "customers": {
            "value": formats.number(counts.everybody, 0),
            "unit": "",
            "note": f"{formats.number(enabled, 0)} enabled, {formats.number(counts.never, 0)} of them never seen",
        },
        "active": {
            "value": formats.number(counts.active, 0),
            "unit": "",
            "note": f"pushed within the hour{before}",
        },
        "power": {
            "value": formats.kw(kw),
            "unit": "" if kw is None else unit,
            "note": f"of {formats.count(fleet.power.customers, 'customer')}, read within 15 min",
        },
        "today": {
            "value": formats.kwh(kwh),
            "unit": energy_unit,
            "note": f"local days{_compared(fleet.today_kwh, week_before, local)}",
        },
    }


def _compared(today: Decimal, before: Decimal | None, local: datetime) -> str:
    change = "" if before is None else formats.change(today, before)
    if not change:
        return ""
    word = f"{change} as" if change.startswith("about") else f"{change} than"
    day = (local - timedelta(days=7)).date()
    return f"; {word} {day:%a} {day.day} {day:%b} by {local:%H:%M}"


def _debt(line: DebtLine, now: datetime, zone: str) -> DebtRow:
    state = CustomerStatus(line.state)
    is_silent = bool(line.silent_boards) and state is CustomerStatus.ACTIVE
    tab = "?tab=quality" if line.is_only_events else "" if is_silent else "?tab=events"
    full, tone = _full(line, now)
    return {
        "name": line.name,
        "code": line.code,
        "href": f"/customers/{line.customer_id}{tab}",
        "status": "Boards silent" if is_silent else WORDS[state],
        "tone": ("fail" if tone == "fail" else "warn") if is_silent else tone_of(state),
        "waiting": _waiting(line),
        "oldest": _NONE if line.oldest_at is None else formats.near_time(line.oldest_at, zone),
        "oldest_utc": formats.utc_time(line.oldest_at),
        "drain": _NONE if line.drain_seconds is None else _duration(timedelta(seconds=line.drain_seconds)),
        "full": full,
        "full_tone": tone,
        "events": formats.number(line.open_events, 0) if line.open_events else _NONE,
        "events_href": f"/customers/{line.customer_id}?tab=quality",
        "why": _why(line, zone),
    }


def _waiting(line: DebtLine) -> str:
    if not line.waiting_rows:
        return _NONE
    return f"{_ABOUT if line.is_estimate else ''}{formats.number(line.waiting_rows, 0)}"


def _full(line: DebtLine, now: datetime) -> tuple[str, str]:
    """Return when a board is full, and how bad that is; what waits at a Client is kept."""
    if line.full_at is None:
        return ("kept" if line.waiting_rows or line.is_estimate else _NONE), ""
    left = line.full_at - now
    if left <= timedelta(0):
        return "overwrites", "fail"
    about = "" if line.full_is_known else _ABOUT
    return f"{about}{_left(line, now)}", "fail" if left < _SOON else "warn"


def _left(line: DebtLine, now: datetime) -> str:
    return _duration(timedelta(0) if line.full_at is None else line.full_at - now)


def _duration(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds < 3600:
        return f"{max(round(seconds / 60), 1)} min"
    return f"{round(seconds / 3600)} h" if seconds < 48 * 3600 else f"{round(seconds / 86400)} days"


def _why(line: DebtLine, zone: str) -> str:
    parts: list[str] = []
    if line.silent_boards and line.silent_since is not None:
        boards = formats.count(line.silent_boards, "board")
        at = f" at {line.silent_site}" if line.silent_site else ""
        parts.append(f"{boards}{at}, nothing since {formats.near_time(line.silent_since, zone)}")
    if line.refusal:
        parts.append(line.refusal)
    elif line.state == CustomerStatus.LATE:
        parts.append(f"nothing arrives since {formats.near_time(line.last_seen_at, zone)}")
    if line.open_events:
        parts.append(f"{formats.count(line.open_events, 'meter event')} to decide at the customer")
    if line.given_up_rows:
        parts.append(f"{formats.count(line.given_up_rows, 'row')} given up at the Client")
    return "; ".join(parts)


def _debt_words(fleet: FleetNow) -> str:
    more = fleet.debt_count - len(fleet.debt)
    return f"and {formats.count(more, 'customer')} more" if more > 0 else ""


def _lag_words(fleet: FleetNow) -> str:
    worst = fleet.moments[-1] if fleet.moments else None
    if worst is None or worst.worst_seconds is None:
        return ""
    return f"Worst now: {worst.worst_name}, {_duration(timedelta(seconds=worst.worst_seconds))} behind"


def _received(fleet: FleetNow) -> list[ReceivedRow]:
    received = fleet.received
    rows = (
        ("Batches", received.batches - received.refused_batches, ""),
        ("Rows stored", received.rows_accepted, ""),
        ("Rows rejected", received.rows_rejected, ""),
        ("Batches refused", received.refused_batches, "/customers?show=failing"),
        ("Pushes with tokens nobody has", fleet.unknown_pushes, "/customers?show=never"),
    )
    return [
        ReceivedRow(label=label, value=formats.number(value, 0), href=href) for label, value, href in rows
    ]
