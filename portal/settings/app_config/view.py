"""What the App config page shows: settings named one by one, so that a new secret cannot appear by being forgotten."""

from datetime import datetime
from typing import TypedDict

from portal.core.services.push import PushStatus
from portal.core.settings import RunMode, Settings, env_name
from portal.ui import formats

# (section, field) of every setting that may be shown; the run mode is first. No secret is ever added here.
_SHARED = (
    ("application", "run_mode"),
    ("application", "environment"),
    ("application", "name"),
    ("application", "public_url"),
    ("application", "trusted_proxy_hops"),
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
)
_ADMIN = (("fleet_ingest", "max_request_rows"), ("fleet_ingest", "max_request_bytes"))


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


class LetterRow(TypedDict):
    """One row the push gave up on."""

    resource: str
    row: str
    reason: str
    since: str
    since_utc: str


def facts(settings: Settings) -> list[Fact]:
    """The settings that may be shown, by the names they have in the environment."""
    shown = _SHARED + (_CLIENT if settings.run_mode is RunMode.CLIENT else _ADMIN)
    return [
        {"name": env_name(section, field), "value": _words(getattr(getattr(settings, section), field))}
        for section, field in shown
    ]


def push_rows(status: PushStatus, now: datetime) -> list[PushRow]:
    """The state of each resource."""
    return [
        {
            "resource": state.resource.value.capitalize(),
            "status": "Stopped"
            if state.is_stopped
            else ("Failing" if state.consecutive_failures else "In step"),
            "tone": "fail" if state.is_stopped else ("warn" if state.consecutive_failures else "ok"),
            "last_synced": formats.relative(state.last_synced_at, now),
            "last_synced_utc": formats.utc_time(state.last_synced_at),
            "cursor": formats.utc_time(state.last_cursor),
            "failures": formats.number(state.consecutive_failures, 0),
            "error": state.last_error or "",
        }
        for state in status.resources
    ]


def backlog_words(status: PushStatus) -> str:
    """How much is not at the Admin yet."""
    backlog = status.backlog
    waiting = formats.count(backlog.pending_rows, "reading") + " waiting"
    retried = formats.count(backlog.retry_rows, "row") + " to be tried again"
    return f"{waiting}, {retried}, {formats.count(backlog.dead_letters, 'row')} given up"


def letter_rows(status: PushStatus, now: datetime) -> list[LetterRow]:
    """The rows given up, the newest first."""
    return [
        {
            "resource": letter.resource.capitalize(),
            "row": letter.row_key,
            "reason": letter.reason,
            "since": formats.relative(letter.created_at, now),
            "since_utc": formats.utc_time(letter.created_at),
        }
        for letter in status.dead_letters
    ]


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "not set"
