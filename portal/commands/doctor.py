"""`portal doctor`: what is configured, what the database offers, what is wrong."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

import typer

from portal.commands.energy import prove_energy
from portal.commands.output import AsJson, answer
from portal.core.database.migrations import require_migrated
from portal.core.errors import PortalError
from portal.core.log import configure_logging
from portal.core.operations.service import doctor as service
from portal.core.quality.rules.event_words import event_in_words
from portal.core.quality.service.meter_events import StoredEvent
from portal.core.settings import Settings, check_start, load_settings
from portal.core.stack import opened_stack
from portal.core.values.time import iso_utc
from portal.frontend import require_built


@dataclass
class Findings:
    """The state of a stack; `problems` is empty when all is well."""

    run_mode: str
    environment: str
    name: str
    pushes: bool
    storage_engine: str | None = None
    storage_note: str | None = None
    other_rule: str | None = None
    server_version: str | None = None
    timescaledb_version: str | None = None
    is_migrated: bool = False
    hours_to_refresh: int | None = None
    meters_to_recompute: int | None = None
    meters_to_move: int | None = None
    weeks_to_move: int | None = None
    readings_moved: int | None = None
    values_left_out: int | None = None
    events_to_decide: int | None = None
    events: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def run_doctor(
    as_json: AsJson = False,
    energy: Annotated[
        bool, typer.Option("--energy", help="Compare all stored energy with the registers instead.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="With --energy: recompute the devices that differ.")
    ] = False,
    recompute: Annotated[
        bool,
        typer.Option("--recompute", help="With --energy: recompute all by the present rule."),
    ] = False,
) -> None:
    """Say what is configured and what is wrong; exits with 1 when something is."""
    settings = load_settings()
    configure_logging(as_json=settings.is_production)
    if energy or repair or recompute:
        prove_energy(settings, as_json=as_json, repair=repair, recompute=recompute)
        return
    findings = Findings(
        settings.run_mode,
        settings.application.environment,
        settings.application.name,
        settings.fleet_ingest.enabled,
    )
    for check in (check_start, _check_pages):
        try:
            check(settings)
        except PortalError as error:
            findings.problems.append(error.message)
    asyncio.run(_look_at_database(settings, findings))
    answer(findings, _words(findings), as_json=as_json)
    if findings.problems:
        raise typer.Exit(1)


def _check_pages(settings: Settings) -> None:
    require_built(settings.run_mode)


async def _look_at_database(settings: Settings, findings: Findings) -> None:
    try:
        async with opened_stack(settings, application_name="portal-doctor") as stack:
            await require_migrated(stack.db, settings.run_mode)
            findings.is_migrated = True
            found = await service.examine(stack)
            findings.storage_engine = found.capabilities.engine
            findings.storage_note = found.capabilities.note
            findings.other_rule = found.other_rule
            findings.server_version = found.capabilities.server_version
            findings.timescaledb_version = found.capabilities.timescaledb_version
            findings.hours_to_refresh = found.hours_to_refresh
            findings.meters_to_recompute = found.meters_to_recompute
            findings.meters_to_move, findings.weeks_to_move = found.left_to_move
            findings.readings_moved, findings.values_left_out = found.moved
            findings.events_to_decide = found.event_count
            findings.events = [_event(each) for each in found.events]
            findings.problems += _problems(found)
    except PortalError as error:
        findings.problems.append(error.message)


def _problems(found: service.Examination) -> list[str]:
    doubled = [
        f"{each.customer} has {len(each.device_ids)} devices {each.external_id!r} with readings "
        f"({', '.join(map(str, each.device_ids))}): energy may be counted twice."
        for each in found.doubled
    ]
    orphans = f"{found.meters_of_no_device} meters have readings, and no device: {_ORPHANS}"
    return [
        *([found.behind] if found.behind else []),
        *doubled,
        *([orphans] if found.meters_of_no_device else []),
    ]


_ORPHANS = "their devices were removed past the product, or the database was restored in part."


def _event(event: StoredEvent) -> str:
    return f"{event_in_words(event.kind)}, {event.device_name} at {event.site_name}, {iso_utc(event.at)}"


def _decisions(findings: Findings) -> list[str]:
    """Return how much waits for a person, and the latest of it."""
    count = findings.events_to_decide
    if not count:
        return []
    waits = f"{count} meter event waits" if count == 1 else f"{count} meter events wait"
    return [
        f"Events       {waits} for a decision: portal event list",
        *(f"             {event}" for event in findings.events),
    ]


def _notes(findings: Findings) -> list[str | None]:
    to_move = (
        f"readings of an earlier release are being moved: {findings.readings_moved} are, those of "
        f"{findings.meters_to_move} meters in {findings.weeks_to_move} weeks are left"
    )
    left_out = (
        f"of the {findings.readings_moved} readings of an earlier release {findings.values_left_out} values "
        "were left out: they were no numbers, or do not fit"
    )
    return [
        findings.storage_note,
        findings.other_rule,
        to_move if findings.meters_to_move else None,
        left_out if findings.values_left_out else None,
    ]


def _words(findings: Findings) -> str:
    database = f"PostgreSQL {findings.server_version}" if findings.server_version else "not reached"
    extension = findings.timescaledb_version or "not installed"
    passes = f", {findings.meters_to_recompute} meters to recompute" if findings.meters_to_recompute else ""
    lines = [
        f"Run mode     {findings.run_mode} ({findings.environment})",
        f"Name         {findings.name}",
        f"Push         {'on' if findings.pushes else 'off'}",
        f"Database     {database}, TimescaleDB {extension}",
        f"Storage      {findings.storage_engine or '-'}, {findings.hours_to_refresh or 0} hours to refresh{passes}",
        *(f"             {note}" for note in _notes(findings) if note),
        *_decisions(findings),
    ]
    return "\n".join(
        [*lines, *(f"PROBLEM      {problem}" for problem in findings.problems)] or ["No problem found."]
    )
