"""What the App config page shows: settings named one by one, so that a new secret cannot appear by being forgotten."""

from datetime import datetime
from typing import TypedDict

from portal.core.errors import NotFound
from portal.core.languages import tr
from portal.core.outbox.service.push import PushState, PushStatus
from portal.core.settings import RunMode, Settings, env_name
from portal.core.words import noted
from portal.ui import formats

# (section, field) of every setting that may be shown; the run mode is first. No secret is ever added here.
_SHARED = (
    ("application", "run_mode"),
    ("application", "environment"),
    ("application", "name"),
    ("application", "public_url"),
    ("application", "trusted_proxy_hops"),
    ("application", "allowed_origins"),
    ("application", "time_zone"),
    ("database", "storage"),
    ("authentication", "max_failed_attempts"),
    ("authentication", "lockout_minutes"),
    ("billing", "max_gap_minutes"),
    ("billing", "currency"),
    ("rate_limit", "enabled"),
    ("grafana", "url"),
    ("storage", "data_directory"),
)
_CLIENT = (
    ("fleet_ingest", "enabled"),
    ("fleet_ingest", "url"),
    ("fleet_ingest", "interval_seconds"),
    ("fleet_ingest", "batch_size"),
    ("fleet_ingest", "batch_max_bytes"),
    ("fleet_ingest", "max_batches_per_tick"),
    ("mail", "host"),
    ("mail", "port"),
    ("mail", "security"),
    ("mail", "sender"),
)
_ADMIN = (
    ("fleet_ingest", "max_request_rows"),
    ("fleet_ingest", "max_request_bytes"),
    ("fleet_ingest", "keep_events_days"),
    ("metrics", "per_customer"),
)
ALL = "all"
_ACTIONS = {"retry": noted("Tried again"), "discard": noted("Discarded")}
# 19 digits may be more than a bigint holds.
_TOO_LONG = 19


class Fact(TypedDict):
    """One setting."""

    name: str
    value: str


class PushRow(TypedDict):
    """One resource of the push."""

    resource: str
    status: str
    tone: str
    last_synced: str
    last_synced_utc: str
    cursor: str
    failures: str
    error: str
    next_try: str


class DeadLetterRow(TypedDict):
    """One row the push gave up on; `id` is its number, or `ALL` where all of them are meant."""

    id: str
    resource: str
    row: str
    reason: str
    tries: str
    since: str
    since_utc: str


class DecisionRow(TypedDict):
    """What somebody decided about a row given up."""

    resource: str
    row: str
    action: str
    who: str
    at: str
    at_utc: str
    reason: str


def facts(settings: Settings) -> list[Fact]:
    """The settings that may be shown, by the names they have in the environment."""
    shown = _SHARED + (_CLIENT if settings.run_mode is RunMode.CLIENT else _ADMIN)
    return [
        {"name": env_name(section, field), "value": _words(getattr(getattr(settings, section), field))}
        for section, field in shown
    ]


def push_rows(status: PushStatus, now: datetime) -> list[PushRow]:
    """The state of each resource."""
    return [_push_row(state, now, is_behind=behind_words(status) != []) for state in status.resources]


def _push_row(state: PushState, now: datetime, *, is_behind: bool) -> PushRow:
    waits = not state.is_stopped and state.next_attempt_at is not None and state.next_attempt_at > now
    words, tone = (tr("Stopped"), "fail") if is_behind else _condition(state, waits=waits)
    return {
        "resource": state.resource.value.capitalize(),
        "status": words,
        "tone": tone,
        "last_synced": formats.relative(state.last_synced_at, now),
        "last_synced_utc": formats.utc_time(state.last_synced_at),
        "cursor": formats.utc_time(state.last_cursor),
        "failures": formats.number(state.consecutive_failures, 0),
        "error": state.last_error or "",
        "next_try": tr(
            "Next try after {next_attempt_at}", next_attempt_at=formats.utc_time(state.next_attempt_at)
        )
        if waits
        else "",
    }


def _condition(state: PushState, *, waits: bool) -> tuple[str, str]:
    if state.is_stopped:
        return tr("Stopped"), "fail"
    if state.consecutive_failures:
        return tr("Failing"), "warn"
    return (tr("Waiting"), "warn") if waits else (tr("In step"), "ok")


def backlog_words(status: PushStatus) -> str:
    """How much is not at the Admin yet."""
    backlog = status.backlog
    waiting = formats.counted(backlog.pending_rows, "{count} reading", "{count} readings") + tr(" waiting")
    if backlog.conflicts:
        waiting += tr(
            ", {value} waiting",
            value=formats.counted(
                backlog.conflicts, "{count} conflicting value", "{count} conflicting values"
            ),
        )
    retried = formats.counted(backlog.retry_rows, "{count} row", "{count} rows") + tr(" to be tried again")
    return tr(
        "{waiting}, {retried}, {row} given up",
        waiting=waiting,
        retried=retried,
        row=formats.counted(backlog.dead_letters, "{count} row", "{count} rows"),
    )


def behind_words(status: PushStatus) -> list[str]:
    """Why nothing is pushed, where the Admin holds more than this stack ever sent; empty where all is well.

    Words and commands take turns, words first: a page sets a command apart without the marks a terminal needs.
    """
    is_behind = status.is_enabled and status.behind_since is not None
    return (status.behind_reason or "").split("`") if is_behind else []


def dead_letter_rows(status: PushStatus, now: datetime) -> list[DeadLetterRow]:
    """The rows given up, the newest first."""
    return [
        {
            "id": str(dead_letter.id),
            "resource": dead_letter.resource.capitalize(),
            "row": dead_letter.row_key,
            "reason": dead_letter.reason,
            "tries": formats.number(dead_letter.tries, 0),
            "since": formats.relative(dead_letter.created_at, now),
            "since_utc": formats.utc_time(dead_letter.created_at),
        }
        for dead_letter in status.dead_letters
    ]


def dead_letters_note(status: PushStatus) -> str:
    """How many there are where not all are shown."""
    shown, there = len(status.dead_letters), status.backlog.dead_letters
    return (
        tr("The latest {shown} of {there}", shown=shown, there=formats.number(there, 0))
        if shown < there
        else ""
    )


def dead_letter_number(chosen: str) -> int | None:
    """The number of the row that was chosen, None for all of them. Raises `NotFound` for what is neither."""
    if chosen == ALL:
        return None
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < _TOO_LONG):
        raise NotFound(tr("This row is not among those given up (any more)."))
    return int(chosen)


def decision_rows(status: PushStatus, now: datetime) -> list[DecisionRow]:
    """What was decided about rows given up, the newest first."""
    return [
        {
            "resource": decision.resource.capitalize(),
            "row": decision.row_key,
            "action": tr(_ACTIONS.get(decision.action, decision.action)),
            "who": decision.decided_by,
            "at": formats.relative(decision.decided_at, now),
            "at_utc": formats.utc_time(decision.decided_at),
            "reason": decision.reason,
        }
        for decision in status.decisions
    ]


def _words(value: object) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, tuple):
        return " ".join(value) or tr("none")
    return str(value) or tr("not set")
