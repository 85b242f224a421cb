"""The verbs of the push: now, how it fares, what was given up, and whether both sides hold the same."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from portal.commands.output import AsJson, answer
from portal.commands.recovery import recovered_words
from portal.commands.session import who, with_stack
from portal.core.errors import Invalid
from portal.core.outbox.service import push as service
from portal.core.settings import RunMode
from portal.core.values.time import parse_instant
from portal.push.task import VerifyReport, recover_once, tick_once, verify_once

push_verbs = typer.Typer(help="The push to the Admin stack (Client).", no_args_is_help=True)

_ALL = "all"
_SHOWN = 500
Which = Annotated[str, typer.Argument(metavar="ID", help="Number of a dead letter, or `all`.")]


@push_verbs.command("once")
def push_once(as_json: AsJson = False) -> None:
    """Push once, now."""
    report = with_stack(tick_once, mode=RunMode.CLIENT)
    lines = [
        _turn(line.resource, line.accepted, line.rejected, line.error or line.skipped)
        for line in report.resources
    ]
    answer(report, "\n".join([*lines, f"{report.pending_rows} readings wait."]), as_json=as_json)
    if any(line.error for line in report.resources):
        raise typer.Exit(1)


def _turn(resource: str, accepted: int, rejected: int, note: str | None) -> str:
    return f"{resource}: {accepted} accepted, {rejected} rejected" + (f" ({note})" if note else "")


@push_verbs.command("recover")
def recover_push(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be fetched, and store nothing.")
    ] = False,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="Also where the Admin's customer has nothing in common with this stack."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch what this stack lost and the Admin still holds, then go on pushing; may be repeated."""
    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("Asking the Admin", total=None)

        def progress(words: str, done: int, total: int) -> None:
            bars.update(bar, description=words, completed=done, total=total)

        report = with_stack(
            lambda stack: recover_once(stack, dry_run=dry_run, adopt=adopt, progress=progress),
            mode=RunMode.CLIENT,
        )
    answer(report, recovered_words(report), as_json=as_json)
    if report.pushed is not None and any(line.error for line in report.pushed.resources):
        raise typer.Exit(1)


@push_verbs.command("status")
def push_status(as_json: AsJson = False) -> None:
    """Show cursors, failures, backlog and dead letters."""
    status = with_stack(service.status, mode=RunMode.CLIENT)
    state = "on" if status.is_enabled else "off"
    link = ", Admin link down" if status.is_link_down else ""
    backlog = status.backlog
    values = f"{backlog.conflicts} conflicting values wait, " if backlog.conflicts else ""
    left = (
        f"{backlog.pending_rows} readings wait, {values}{backlog.retry_rows} to be tried again, "
        f"{backlog.dead_letters} given up."
    )
    behind = (
        []
        if status.behind_since is None
        else [f"Stopped since {_at(status.behind_since)}. {status.behind_reason}"]
    )
    lines = [f"Push is {state}{link}; {left}", *behind, *(_resource(line) for line in status.resources)]
    answer(status, "\n".join(lines), as_json=as_json)


def _resource(state: service.PushState) -> str:
    """Return how one resource fares, as one line."""
    parts = [f"pushed {_at(state.last_synced_at)}", f"cursor {_at(state.last_cursor)}"]
    if state.is_stopped:
        parts.append("stopped")
    if state.consecutive_failures:
        parts.append(f"{state.consecutive_failures} failures")
    if state.next_attempt_at is not None:
        parts.append(f"not before {_at(state.next_attempt_at)}")
    if state.last_error:
        parts.append(state.last_error)
    return f"{state.resource.value}: {', '.join(parts)}"


def _at(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


@push_verbs.command("dead-letters")
def list_dead_letters(as_json: AsJson = False) -> None:
    """List the rows that were given up: number, since when, what, why."""
    dead_letters = with_stack(lambda stack: service.dead_letters(stack, _SHOWN), mode=RunMode.CLIENT)
    lines = [
        f"{row.id}  {row.created_at:%Y-%m-%d %H:%M}Z  {row.resource}  {row.row_key}: {row.reason}"
        for row in dead_letters
    ]
    answer({"dead_letters": dead_letters}, "\n".join(lines) or "Nothing was given up.", as_json=as_json)


@push_verbs.command("retry")
def retry_dead_letter(which: Which, as_json: AsJson = False) -> None:
    """Push what was given up once more."""
    dead_letter_id = _dead_letter_id(which)
    count = with_stack(
        lambda stack: service.retry_dead_letters(stack, dead_letter_id, by=who()), mode=RunMode.CLIENT
    )
    result = {"id": dead_letter_id, "retried": count}
    answer(result, f"{count} dead letters go out again with the next push.", as_json=as_json)


@push_verbs.command("discard")
def discard_dead_letter(which: Which, as_json: AsJson = False) -> None:
    """Drop what was given up: it stays here and is never pushed."""
    dead_letter_id = _dead_letter_id(which)
    count = with_stack(
        lambda stack: service.discard_dead_letters(stack, dead_letter_id, by=who()), mode=RunMode.CLIENT
    )
    answer({"id": dead_letter_id, "discarded": count}, f"{count} dead letters dropped.", as_json=as_json)


def _dead_letter_id(which: str) -> int | None:
    if which == _ALL:
        return None
    if not (which.isascii() and which.isdigit() and len(which) < 19):
        raise Invalid(f"A dead letter has a number (see `portal push dead-letters`), not {which!r}")
    return int(which)


@push_verbs.command("verify")
def verify_push(
    from_at: Annotated[
        str | None, typer.Option("--from", help="First day; default: the first reading.")
    ] = None,
    to_at: Annotated[str | None, typer.Option("--to", help="End; default: the last reading.")] = None,
    repair: Annotated[
        bool, typer.Option(help="Have what is missing at the Admin pushed with the next ticks.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Compare readings per device and day with the Admin's, and push exactly what is missing there.

    Ends with 1 where a difference stays: what is only at the Admin, has more there, or was given up.
    """
    first, end = _instant(from_at), _instant(to_at)
    report = with_stack(
        lambda stack: verify_once(stack, from_at=first, to_at=end, repair=repair), mode=RunMode.CLIENT
    )
    answer(report, _verified(report), as_json=as_json)
    if report.left:
        raise typer.Exit(1)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError as error:
        raise Invalid(str(error)) from None


def _verified(report: VerifyReport) -> str:
    lines = [
        f"{line.day:%Y-%m-%d} {line.device_id}: {line.missing} missing at the Admin, {line.lesser} with less there "
        f"({line.waiting} wait, {line.given_up} given up), {line.extra} only there, {line.different} with more there"
        + _conflicts(line.conflicts, line.extra_conflicts)
        for line in report.differences
    ]
    values = f" and {report.conflicts_queued} conflicting values" if report.conflicts_queued else ""
    lines.append(
        f"Compared {report.readings} readings of {report.days} device days: {len(report.differences)} days "
        f"differ, {report.queued} readings{values} go out again with the next push."
    )
    if report.left:
        lines.append(
            f"{report.left} readings stay different: this does not mend them. "
            "What is only at the Admin, or more there, `portal push recover` fetches."
        )
    return "\n".join(lines)


def _conflicts(missing: int, extra: int) -> str:
    if not missing and not extra:
        return ""
    return f"; conflicting values: {missing} missing, {extra} only there"
