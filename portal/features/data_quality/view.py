"""The Data quality page, as texts: what waits, what was decided, what a month of readings was like."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID

from portal.core.energy.rules.judging import DeclaredSwitch, ProposalKind
from portal.core.languages import tr
from portal.core.quality.queries.meter_events import StoredEvent
from portal.core.quality.queries.months import GapEnd, QualityDevice, SuspectRun
from portal.core.quality.rules.event_words import event_in_words, reason_in_words
from portal.core.quality.service.meter_events import DecisionLine
from portal.core.quality.service.quality_months import DeviceCoverage, QualityMonth
from portal.core.values.money import kwh_from_milliwh
from portal.core.words import noted
from portal.features.data_quality.pictures import coverage_picture
from portal.ui import formats

TO_DECIDE, DECIDED, SUSPECTS, CONFLICTS, GAPS, CLOCKS = (
    "open",
    "decided",
    "suspects",
    "conflicts",
    "gaps",
    "clocks",
)
TABS: Final = (
    (TO_DECIDE, noted("To decide")),
    (DECIDED, noted("Decided")),
    (SUSPECTS, noted("Suspects")),
    (CONFLICTS, noted("Conflicts")),
    (GAPS, noted("Gaps")),
    (CLOCKS, noted("Clocks")),
)
_ICONS: Final = {
    ProposalKind.EXCHANGE: "exchange",
    ProposalKind.RESET: "exchange",
    ProposalKind.ROLLOVER: "exchange",
    ProposalKind.LEARNED_BOUND: "power",
}


class EventLine(TypedDict):
    """One event of the list; `icon` is "exchange", "power" or "odd"."""

    id: str
    icon: str
    title: str
    where: str
    when: str
    when_utc: str
    what: str
    customer_id: str


class MadeDecision(TypedDict):
    """One decision; `can_undo` where it holds."""

    id: str
    about: str
    where: str
    note: str
    author: str
    at: str
    at_utc: str
    state: str
    can_undo: bool


class LineRow(TypedDict):
    """One suspect, conflict, gap or clock: a meter, when, and what there is to say."""

    where: str
    when: str
    when_utc: str
    what: str
    figure: str


class CoverageRow(TypedDict):
    """A meter's month."""

    name: str
    site: str
    picture: str
    percent: str


def known_tab(text: str) -> str:
    """The tab an address names; the first one where it names none."""
    return text if text in dict(TABS) else TO_DECIDE


def tab_labels(lists: Sequence[Sequence[object]]) -> dict[str, str]:
    """What the tabs are called, with how many there are of each list, in the order of the tabs."""
    counts = zip(TABS, map(len, lists), strict=True)
    return {key: f"{tr(words)} ({count})" if count else tr(words) for (key, words), count in counts}


def day_numbers(month: QualityMonth) -> list[str]:
    """The numbers above the columns of the calendar: the first day and every fifth."""
    following = (month.month + timedelta(days=31)).replace(day=1)
    days = (following - month.month).days
    return [str(day) if day == 1 or day % 5 == 0 else "" for day in range(1, days + 1)]


def event_lines(events: Iterable[StoredEvent], zone: str) -> list[EventLine]:
    """The events that wait, the latest first."""
    return [
        {
            "id": each.id,
            "icon": _ICONS.get(each.kind, "odd"),
            "title": event_in_words(each.kind),
            "where": f"{each.device_name}, {each.site_name}",
            "when": _span(each.at, each.until, zone),
            "when_utc": formats.utc_time(each.at),
            "what": what_happened(each),
            "customer_id": str(each.key[0]) if len(each.key) > 1 else "",
        }
        for each in events
    ]


def what_happened(event: StoredEvent) -> str:
    """An event in a few figures."""
    if event.watts is not None:
        return f"{formats.number(event.watts / 1000, 0)} kW"
    if event.kind in {ProposalKind.EXCHANGE, ProposalKind.RESET, ProposalKind.ROLLOVER}:
        shown = [
            formats.number(kwh_from_milliwh(each or 0), 1)
            for each in (event.closing_milliwh, event.opening_milliwh)
        ]
        return tr("{shown} to {shown_2} kWh", shown=shown[0], shown_2=shown[1])
    reasons = ", ".join(reason_in_words(each) for each in event.reasons)
    readings = formats.counted(event.readings, "{count} reading", "{count} readings")
    return f"{readings}: {reasons}" if reasons else readings


def decision_rows(lines: Iterable[DecisionLine], zone: str) -> list[MadeDecision]:
    """What was decided, the latest first."""
    return [_decision(line, zone) for line in lines]


def _decision(line: DecisionLine, zone: str) -> MadeDecision:
    made = line.decision
    what = tr("Undone") if made.undoes else _said(line)
    when = "" if made.event_at is None else f", {formats.local_time(made.event_at, zone)}"
    kind = tr("Declared by date") if made.event_kind is None else event_in_words(made.event_kind)
    return {
        "id": str(made.id),
        "about": f"{kind}{when}",
        "where": f"{line.device_name}, {line.site_name}",
        "note": made.note,
        "author": made.author,
        "at": formats.local_time(made.decided_at, zone),
        "at_utc": formats.utc_time(made.decided_at),
        "state": what if line.is_in_force or made.undoes else tr("{what}, undone since", what=what),
        "can_undo": line.is_in_force,
    }


def _said(line: DecisionLine) -> str:
    says = line.decision.says
    if says is None:
        return tr("Seen")
    if isinstance(says, DeclaredSwitch):
        ratio = (
            ""
            if says.scale is None
            else tr(", CT ratio {scale}/{scale_2}", scale=says.scale[0], scale_2=says.scale[1])
        )
        return f"{says.kind.value.capitalize()}{ratio}"
    return tr("Readings are true") if says.are_true else tr("Readings are faulty")


def suspect_rows(runs: Iterable[SuspectRun], names: dict[UUID, QualityDevice], zone: str) -> list[LineRow]:
    """Readings that are not believed, the latest first."""
    return [
        {
            "where": _where(names[each.device_id]),
            "when": _span(each.first_at, each.last_at, zone),
            "when_utc": formats.utc_time(each.first_at),
            "what": reason_in_words(each.reason),
            "figure": f"{_shown(each)} kWh",
        }
        for each in runs
    ]


def _shown(run: SuspectRun) -> str:
    first = formats.number(kwh_from_milliwh(run.first_milliwh), 1)
    if run.readings == 1:
        return first
    return tr("{readings} from {first}", readings=formats.number(run.readings, 0), first=first)


def gap_rows(gaps: Iterable[GapEnd], names: dict[UUID, QualityDevice], zone: str) -> list[LineRow]:
    """Gaps whose energy is in no hour, the latest first."""
    return [
        {
            "where": _where(names[each.device_id]),
            "when": tr(
                "{since} to {hour}",
                since=formats.local_time(each.since, zone),
                hour=formats.near_time(each.hour, zone),
            ),
            "when_utc": formats.utc_time(each.since),
            "what": tr("No readings in between: the energy is known, its hours are not"),
            "figure": f"{formats.number(kwh_from_milliwh(each.milliwh), 2)} kWh",
        }
        for each in gaps
    ]


def clock_rows(month: QualityMonth) -> list[LineRow]:
    """Boards whose clock is wrong."""
    return [
        {
            "where": f"{each.device_name} ({each.external_id})",
            "when": tr("Now"),
            "when_utc": "",
            "what": tr("The clock is {skew}", skew=formats.clock_skew(each.skew)),
            "figure": "",
        }
        for each in month.clocks
    ]


def coverage_rows(devices: Sequence[DeviceCoverage]) -> list[CoverageRow]:
    """A row for each meter of the month."""
    return [_coverage(each) for each in devices]


def _coverage(each: DeviceCoverage) -> CoverageRow:
    missing = each.asked - each.covered
    said = (
        tr("all hours")
        if not missing
        else tr("{hour} missing", hour=formats.counted(missing, "{count} hour", "{count} hours"))
    )
    return {
        "name": each.device.name,
        "site": each.device.site_name,
        "picture": coverage_picture(each.days, f"{each.device.name}: {said}"),
        "percent": percent(each.covered, each.asked),
    }


def percent(part: int, whole: int) -> str:
    """A share in percent; whole only where nothing is missing."""
    if whole == 0:
        return formats.MISSING
    share = 100 if part == whole else min(100 * part / whole, 99.9)
    return f"{formats.number(share, 0 if share in {0, 100} else 1)}\u00a0%"


def coverage_note(month: QualityMonth) -> str:
    """How many of the month's hours of meters have energy from readings."""
    asked = sum(each.asked for each in month.devices)
    covered = sum(each.covered for each in month.devices)
    if not asked:
        return ""
    return tr(
        "{covered} of {asked} meter-hours", covered=formats.number(covered, 0), asked=formats.number(asked, 0)
    )


def no_coverage(month: QualityMonth) -> tuple[str, str]:
    """Why there is no calendar of a month, and what to do."""
    if not month.names:
        return tr("No meters yet"), tr("Each meter has a row here once it sends readings.")
    if not month.has_whole_hour:
        return (
            tr("{month} has just begun", month=month_words(month.month)),
            tr("Its first hour is not over yet. The arrow above leads to the month before."),
        )
    return tr("No readings in this month"), tr("No meter had begun to send by then. Choose another month.")


def unrated_note(month: QualityMonth) -> str:
    """Which active meters have no rated power; empty where all have one."""
    names = [_where(each) for each in month.unrated]
    if not names:
        return ""
    some = ", ".join(names[:5]) + (tr(" and {names} more", names=len(names) - 5) if len(names) > 5 else "")
    return tr(
        "Without a rated power: {some}. Until they have one, odd readings are found later, and "
        "fewer of them.",
        some=some,
    )


def month_words(month: date) -> str:
    """A month: `November 2026`."""
    return f"{formats.month_name(month)} {month.year}"


def subtitle(waiting: int, *, can_decide: bool) -> str:
    """What is under the heading of the page."""
    if not waiting:
        return tr("Nothing waits for a decision. Nothing is deleted: a decision can be undone by another.")
    waits = tr(
        "{event} {part} for a decision.",
        event=formats.counted(waiting, "{count} event", "{count} events"),
        part=tr("waits") if waiting == 1 else tr("wait"),
    )
    if can_decide:
        return tr("{waits} Nothing is deleted: a decision can be undone by another.", waits=waits)
    return tr("{waits} It is made at the customer.", waits=waits)


def _where(device: QualityDevice) -> str:
    return f"{device.name}, {device.site_name}"


def _span(first: datetime, last: datetime, zone: str) -> str:
    begins = formats.local_time(first, zone)
    if first == last:
        return begins
    if formats.local_date(first, zone) == formats.local_date(last, zone):
        return tr("{begins} to {split}", begins=begins, split=formats.near_time(last, zone).split(", ")[1])
    return tr("{begins} to {last}", begins=begins, last=formats.near_time(last, zone))
