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
from portal.core.languages import tr
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
        "loses": ""
        if first is None
        else tr("{name} loses readings in {first}", name=first.name, first=_full(first, fleet.at)[0]),
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
        boards = formats.counted(
            first.silent_boards, ": {count} board is silent. ", ": {count} boards are silent. "
        )
    if not counts.failing and not counts.late:
        return (
            tr("{boards}Everything that exists is here.", boards=boards)
            if not fleet.debt_count or boards
            else _quiet(fleet)
        )
    parts = [
        formats.counted(counts.failing, "{count} customer fails", "{count} customers fail")
        if counts.failing
        else "",
        formats.counted(counts.late, "{count} is late", "{count} are late") if counts.late else "",
    ]
    return tr(
        "{boards}{join}; what they have is kept.",
        boards=boards,
        join=tr(" and ").join(part for part in parts if part),
    )


def _quiet(fleet: FleetNow) -> str:
    return tr(
        "Nobody fails or is late; something is missing of {customer}.",
        customer=formats.counted(fleet.debt_count, "{count} customer", "{count} customers"),
    )


def _parts(fleet: FleetNow) -> list[StatePart]:
    states = (
        (CustomerStatus.ACTIVE, tr("Active within the hour")),
        (CustomerStatus.LATE, tr("Late")),
        (CustomerStatus.FAILING, tr("Failing")),
        (CustomerStatus.NEVER_SEEN, tr("Never seen")),
        (CustomerStatus.DISABLED, tr("Disabled")),
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
            "note": tr(
                "{enabled} enabled, {never} of them never seen",
                enabled=formats.number(enabled, 0),
                never=formats.number(counts.never, 0),
            ),
        },
        "active": {
            "value": formats.number(counts.active, 0),
            "unit": "",
            "note": tr("pushed within the hour{before}", before=before),
        },
        "power": {
            "value": formats.kw(kw),
            "unit": "" if kw is None else unit,
            "note": tr(
                "of {customer}, read within 15 min",
                customer=formats.counted(fleet.power.customers, "{count} customer", "{count} customers"),
            ),
        },
        "today": {
            "value": formats.kwh(kwh),
            "unit": energy_unit,
            "note": tr("local days{today_kwh}", today_kwh=_compared(fleet.today_kwh, week_before, local)),
        },
    }


def _compared(today: Decimal, before: Decimal | None, local: datetime) -> str:
    if before is None:
        return ""
    day = formats.week_day((local - timedelta(days=7)).date())
    change = formats.change_beside(today, before, tr("{day} by {time}", day=day, time=f"{local:%H:%M}"))
    return f"; {change}" if change else ""


def _debt(line: DebtLine, now: datetime, zone: str) -> DebtRow:
    state = CustomerStatus(line.state)
    is_silent = bool(line.silent_boards) and state is CustomerStatus.ACTIVE
    tab = "?tab=quality" if line.is_only_events else "" if is_silent else "?tab=events"
    full, tone = _full(line, now)
    return {
        "name": line.name,
        "code": line.code,
        "href": f"/customers/{line.customer_id}{tab}",
        "status": tr("Boards silent") if is_silent else WORDS[state],
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
        return (tr("kept") if line.waiting_rows or line.is_estimate else _NONE), ""
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
    return (
        f"{round(seconds / 3600)} h"
        if seconds < 48 * 3600
        else tr("{seconds} days", seconds=round(seconds / 86400))
    )


def _why(line: DebtLine, zone: str) -> str:
    parts: list[str] = []
    if line.silent_boards and line.silent_since is not None:
        boards = formats.counted(line.silent_boards, "{count} board", "{count} boards")
        at = tr(" at {silent_site}", silent_site=line.silent_site) if line.silent_site else ""
        parts.append(
            tr(
                "{boards}{at}, nothing since {silent_since}",
                boards=boards,
                at=at,
                silent_since=formats.near_time(line.silent_since, zone),
            )
        )
    if line.refusal:
        parts.append(line.refusal)
    elif line.state == CustomerStatus.LATE:
        parts.append(
            tr(
                "nothing arrives since {last_seen_at}",
                last_seen_at=formats.near_time(line.last_seen_at, zone),
            )
        )
    if line.open_events:
        parts.append(
            tr(
                "{event} to decide at the customer",
                event=formats.counted(line.open_events, "{count} meter event", "{count} meter events"),
            )
        )
    if line.given_up_rows:
        parts.append(
            tr(
                "{row} given up at the Client",
                row=formats.counted(line.given_up_rows, "{count} row", "{count} rows"),
            )
        )
    return "; ".join(parts)


def _debt_words(fleet: FleetNow) -> str:
    more = fleet.debt_count - len(fleet.debt)
    return (
        tr("and {customer} more", customer=formats.counted(more, "{count} customer", "{count} customers"))
        if more > 0
        else ""
    )


def _lag_words(fleet: FleetNow) -> str:
    worst = fleet.moments[-1] if fleet.moments else None
    if worst is None or worst.worst_seconds is None:
        return ""
    return tr(
        "Worst now: {worst_name}, {timedelta} behind",
        worst_name=worst.worst_name,
        timedelta=_duration(timedelta(seconds=worst.worst_seconds)),
    )


def _received(fleet: FleetNow) -> list[ReceivedRow]:
    received = fleet.received
    rows = (
        (tr("Batches"), received.batches - received.refused_batches, ""),
        (tr("Rows stored"), received.rows_accepted, ""),
        (tr("Rows rejected"), received.rows_rejected, ""),
        (tr("Batches refused"), received.refused_batches, "/customers?show=failing"),
        (tr("Pushes with tokens nobody has"), fleet.unknown_pushes, "/customers?show=never"),
    )
    return [
        ReceivedRow(label=label, value=formats.number(value, 0), href=href) for label, value, href in rows
    ]
