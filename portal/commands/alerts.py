"""`portal alert`: what is watched, who is told, and what happened (Client)."""

import sys
from datetime import time
from decimal import Decimal
from typing import Annotated

import typer

from portal.commands.output import AsJson, Cursor, Limit, answer, answer_page, page_asked
from portal.commands.session import with_stack
from portal.core.alerts.rules.alert_rules import KINDS
from portal.core.alerts.service import alert_channels, alert_rules, alerts, watch
from portal.core.alerts.service.alert_channels import AlertChannel, ChannelFields, ChannelKind
from portal.core.alerts.service.alert_rules import AlertKind, AlertRule, RuleFields
from portal.core.alerts.service.alerts import StoredAlert
from portal.core.errors import Invalid, NotFound
from portal.core.settings import RunMode
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.values.numbers import exact_number
from portal.core.values.time import iso_utc

alert_verbs = typer.Typer(
    help="Alerts: what is watched, who is told, what happened (Client).", no_args_is_help=True
)
rule_verbs = typer.Typer(help="What is watched.", no_args_is_help=True)
channel_verbs = typer.Typer(help="Who is told.", no_args_is_help=True)
alert_verbs.add_typer(rule_verbs, name="rule")
alert_verbs.add_typer(channel_verbs, name="channel")


@alert_verbs.command("list")
def list_alerts(
    *,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that have not ended.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List what happened, the newest first."""
    asked = page_asked(limit, cursor, 1)
    page = with_stack(
        lambda stack: alerts.page_of_alerts(stack, asked, only_open=is_open), mode=RunMode.CLIENT
    )
    answer_page("alerts", page, _alert_words, as_json=as_json)


@alert_verbs.command("acknowledge")
def acknowledge(
    alert: Annotated[int, typer.Argument(help="Number of the alert.")],
    note: Annotated[str, typer.Option(help="What is being done about it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say that somebody has seen an alert and looks after it."""
    seen = with_stack(lambda stack: alerts.acknowledge(stack, alert, note), mode=RunMode.CLIENT)
    answer(seen, f"Acknowledged: {seen.subject}. {seen.words}", as_json=as_json)


@alert_verbs.command("check")
def check(as_json: AsJson = False) -> None:
    """Look now at all that is watched, and send what is due; a stack that serves does so every minute."""
    report = with_stack(watch.look_once, mode=RunMode.CLIENT)
    words = (
        f"{report.began} began, {report.ended} ended; messages sent: {report.sent}, failed: {report.failed}."
    )
    answer(report, words, as_json=as_json)


@rule_verbs.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """List what is watched, by name."""
    found = with_stack(alert_rules.list_rules, mode=RunMode.CLIENT)
    answer({"rules": found}, "\n".join(map(_rule_words, found)) or "Nothing is watched.", as_json=as_json)


@rule_verbs.command("add")
def add_rule(  # noqa: PLR0913 - each is an option of the command line
    kind: Annotated[AlertKind, typer.Argument(help="What is watched.")],
    name: Annotated[str, typer.Option(help="What the rule is called; else after its kind.")] = "",
    site: Annotated[str | None, typer.Option(help="Name of the site that it is about.")] = None,
    device: Annotated[str | None, typer.Option(help="External id of the meter that it is about.")] = None,
    above: Annotated[
        str | None,
        typer.Option("--above", "--below", help="The threshold: kW, kWh, money or a power factor."),
    ] = None,
    minutes: Annotated[int | None, typer.Option(help="How long it must last.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Name of a channel that is told.")] = None,
    *,
    is_urgent: Annotated[bool, typer.Option("--urgent", help="Also in quiet hours.")] = False,
    as_json: AsJson = False,
) -> None:
    """Watch something: of a meter, of a site, or of everything where neither is named."""
    given = RuleFields(
        name=name,
        kind=kind,
        threshold=None if above is None else _number(above),
        minutes=minutes,
        breaks_quiet_hours=is_urgent,
    )

    async def add(stack: Stack) -> AlertRule:
        refers = await _refers(stack, site, device, channel or [])
        return await alert_rules.add_rule(stack, given | refers)

    made = with_stack(add, mode=RunMode.CLIENT)
    answer(made, f"Watched: {_rule_words(made)}", as_json=as_json)


@rule_verbs.command("remove")
def remove_rule(rule: Annotated[str, typer.Argument(help="Its name.")], as_json: AsJson = False) -> None:
    """Watch something no more; what happened by it stays in the list."""

    async def remove(stack: Stack) -> AlertRule:
        found = await alert_rules.get_rule(stack, rule)
        await alert_rules.remove_rule(stack, found.id)
        return found

    gone = with_stack(remove, mode=RunMode.CLIENT)
    answer({"id": gone.id, "removed": True}, f"{gone.name} is not watched any more.", as_json=as_json)


@channel_verbs.command("list")
def list_channels(as_json: AsJson = False) -> None:
    """List who is told, by name."""
    found = with_stack(alert_channels.list_channels, mode=RunMode.CLIENT)
    words = "\n".join(map(_channel_words, found)) or "Nobody is told."
    answer({"channels": [_shown(each) for each in found]}, words, as_json=as_json)


@channel_verbs.command("add")
def add_channel(
    name: Annotated[str, typer.Argument(help="What the channel is called.")],
    kind: Annotated[ChannelKind, typer.Option(help="How it is reached.")],
    *,
    quiet: Annotated[str | None, typer.Option(help="Hours without messages, as 22:00-06:00.")] = None,
    gets_report: Annotated[bool, typer.Option("--report", help="Gets the monthly report as well.")] = False,
    _target_stdin: Annotated[
        bool,
        typer.Option("--target-stdin", help="Read where it leads from standard input: it may be secret."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Add somebody who is told; addresses of mail or a URL come by standard input."""
    given = ChannelFields(name=name, kind=kind, target=sys.stdin.readline().strip(), gets_report=gets_report)
    if quiet is not None:
        given["quiet_from"], given["quiet_to"] = _hours(quiet)
    made = with_stack(lambda stack: alert_channels.add_channel(stack, given), mode=RunMode.CLIENT)
    answer(_shown(made), f"Told: {_channel_words(made)}", as_json=as_json)


@channel_verbs.command("try")
def try_channel(channel: Annotated[str, typer.Argument(help="Its name.")], as_json: AsJson = False) -> None:
    """Send a message that says it is a trial."""
    found = with_stack(lambda stack: alert_channels.try_channel(stack, channel), mode=RunMode.CLIENT)
    answer(_shown(found), f"Sent to {found.shown}.", as_json=as_json)


@channel_verbs.command("remove")
def remove_channel(
    channel: Annotated[str, typer.Argument(help="Its name.")], as_json: AsJson = False
) -> None:
    """Tell somebody no more."""

    async def remove(stack: Stack) -> AlertChannel:
        found = await alert_channels.get_channel(stack, channel)
        await alert_channels.remove_channel(stack, found.id)
        return found

    gone = with_stack(remove, mode=RunMode.CLIENT)
    answer({"id": gone.id, "removed": True}, f"{gone.name} is told nothing any more.", as_json=as_json)


async def _refers(stack: Stack, site: str | None, device: str | None, channels: list[str]) -> RuleFields:
    refers = RuleFields(channels=[(await alert_channels.get_channel(stack, each)).id for each in channels])
    if site is not None:
        found = next((each for each in await sites.list_sites(stack) if each.name == site), None)
        if found is None:
            message = f"There is no site named {site!r}"
            raise NotFound(message)
        refers["site_id"] = found.id
    if device is not None:
        meter = next((each for each in await devices.list_devices(stack) if each.external_id == device), None)
        if meter is None:
            message = f"There is no device with the external id {device!r}"
            raise NotFound(message)
        refers["device_id"] = meter.id
    return refers


def _number(text: str) -> Decimal:
    try:
        return exact_number(text)
    except ValueError as error:
        raise Invalid(str(error)) from None


def _hours(text: str) -> tuple[time, time]:
    try:
        begin, _, end = text.partition("-")
        return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
    except ValueError:
        message = f"{text!r} are no hours like 22:00-06:00"
        raise Invalid(message) from None


def _alert_words(alert: StoredAlert) -> str:
    until = "" if alert.ended_at is None else f" until {iso_utc(alert.ended_at)}"
    seen = f", acknowledged by {alert.acknowledged_by}" if alert.acknowledged_at is not None else ""
    return (
        f"{alert.id}  {KINDS[alert.kind].label}: {alert.subject}. {alert.words} "
        f"(from {iso_utc(alert.began_at)}{until}{seen})"
    )


def _rule_words(rule: AlertRule) -> str:
    facts = KINDS[rule.kind]
    limit = "" if rule.threshold is None else f" {rule.threshold.normalize():f} {facts.unit}".rstrip()
    lasting = "" if rule.minutes is None else f" for {rule.minutes} min"
    of = f"{rule.device_name}, {rule.site_name}" if rule.device_id else rule.site_name or "everything"
    return f"{rule.name}: {facts.label}{limit}{lasting} of {of}{'' if rule.is_active else ' (off)'}"


def _channel_words(channel: AlertChannel) -> str:
    wrong = f"; last: {channel.last_error}" if channel.last_error else ""
    return f"{channel.name}: {channel.shown}{'' if channel.is_active else ' (off)'}{wrong}"


def _shown(channel: AlertChannel) -> dict[str, object]:
    names = (
        "id",
        "name",
        "kind",
        "shown",
        "quiet_from",
        "quiet_to",
        "gets_report",
        "is_active",
        "last_error",
    )
    return {name: getattr(channel, name) for name in names}
