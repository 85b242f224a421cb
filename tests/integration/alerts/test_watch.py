"""Alerts begin, are told once, and end: from stored readings to a real mail server and a webhook."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from portal.core.access import Role
from portal.core.alerts.rules.transitions import CLEAR_FOR
from portal.core.alerts.service import alert_channels, alert_rules, alerts, watch
from portal.core.alerts.service.alert_channels import AlertChannel, ChannelFields, ChannelKind
from portal.core.alerts.service.alert_rules import AlertKind, AlertRule, RuleFields
from portal.core.alerts.service.alerts import StoredAlert
from portal.core.alerts.service.watch import Watching
from portal.core.database.leader import led
from portal.core.errors import Undelivered
from portal.core.identity.service import accounts
from portal.core.identity.service.speech import set_speech
from portal.core.languages import Speech, speaking, tr
from portal.core.sites.service import devices
from portal.core.stack import Stack
from tests.integration.alerts.conftest import ReadMeter
from tests.integration.alerts.receivers import PASSWORD, Hook, Mailbox
from tests.integration.databases import Clock

_LISTENING = timedelta(days=400)


async def _mail(stack: Stack, **facts: object) -> AlertChannel:
    given = ChannelFields(name="Ops", kind=ChannelKind.MAIL, target="ops@example.com, night@example.com")
    return await alert_channels.add_channel(stack, given | ChannelFields(**facts))  # type: ignore[typeddict-item]


async def _rule(stack: Stack, channel: AlertChannel | None, kind: AlertKind, **facts: object) -> AlertRule:
    given = RuleFields(name=kind.value, kind=kind, channels=[] if channel is None else [channel.id])
    return await alert_rules.add_rule(stack, given | RuleFields(**facts))  # type: ignore[typeddict-item]


async def _look(stack: Stack) -> watch.WatchReport:
    return await watch.look(stack, Watching(stack.clock() - _LISTENING))


async def _alerts(stack: Stack, *, only_open: bool = False) -> list[StoredAlert]:
    return list((await alerts.page_of_alerts(stack, only_open=only_open)).items)


async def test_a_silent_meter_is_told_once_until_it_speaks_again(
    stack: Stack, meter: ReadMeter, mailbox: Mailbox, clock: Clock
) -> None:
    await _rule(stack, await _mail(stack), AlertKind.SILENT)
    await meter.has_said(1)
    assert await _look(stack) == watch.WatchReport(0, 0, 0, 0)
    clock.advance(minutes=31)
    assert await _look(stack) == watch.WatchReport(1, 0, 1, 0)
    for _ in range(90):
        clock.advance(minutes=1)
        assert await _look(stack) == watch.WatchReport(0, 0, 0, 0)
    [(addresses, mail)] = mailbox.mails
    assert sorted(addresses) == ["night@example.com", "ops@example.com"]
    assert mail["Subject"] == "Meter silent: Main, Yard"
    assert "ops@example.com" not in str(mail)
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "No reading since 14:00" in plain.get_content()
    assert "https://portal.example.com/alerts" in plain.get_content()
    [alert] = await _alerts(stack, only_open=True)
    assert alert.words == "No reading since 14:00"
    await meter.has_said(0)
    assert await _look(stack) == watch.WatchReport(0, 0, 0, 0)
    clock.advance(minutes=CLEAR_FOR / timedelta(minutes=1))
    assert await _look(stack) == watch.WatchReport(0, 1, 1, 0)
    assert mailbox.titles[1:] == ["Over: Meter silent: Main, Yard"]
    assert await _alerts(stack, only_open=True) == []


async def test_many_causes_are_one_message_and_what_follows_waits_five_minutes(
    stack: Stack, meter: ReadMeter, mailbox: Mailbox, clock: Clock
) -> None:
    meters = [meter]
    for number in range(2, 21):
        issued = await devices.add_device(stack, f"M{number}", site="Yard", external_id=f"m-{number}")
        meters.append(ReadMeter(stack, issued))
    for number, each in enumerate(meters):
        # One after the other, as boards behind one router fall silent.
        await each.has_said(0, until=clock.now + timedelta(minutes=number // 10))
    await _rule(stack, await _mail(stack), AlertKind.SILENT)
    clock.advance(minutes=30)
    reports = []
    for _ in range(10):
        reports.append(await _look(stack))
        clock.advance(minutes=1)
    assert [report.began for report in reports[:2]] == [10, 10]
    assert mailbox.titles == ["10 alerts began", "10 alerts began"]
    assert [number for number, report in enumerate(reports) if report.sent] == [0, 5]


async def test_power_of_a_quarter_hour_reaches_a_webhook(
    stack: Stack, meter: ReadMeter, hook: Hook, clock: Clock
) -> None:
    given = ChannelFields(name="Hook", kind=ChannelKind.WEBHOOK, target=hook.url)
    channel = await alert_channels.add_channel(stack, given)
    await _rule(stack, channel, AlertKind.POWER_ABOVE, threshold=Decimal(50))
    await meter.has_said(20, active_power_kw=49.0)
    assert (await _look(stack)).began == 0
    clock.advance(minutes=30)
    await meter.has_said(20, active_power_kw=61.5)
    assert await _look(stack) == watch.WatchReport(1, 0, 1, 0)
    [post] = hook.posts
    assert post["path"] == f"/hooks/{PASSWORD}"
    assert post["address"] == "https://portal.example.com/alerts"
    [told] = post["alerts"]
    assert (told["event"], told["kind"], told["subject"]) == ("began", "power_above", "All sites")
    assert told["words"] == "61.5 kW over 15 min, limit 50 kW"
    assert (told["beganAt"], told["endedAt"]) == ("2026-05-18T12:30:00Z", None)


async def test_energy_cost_power_factor_and_register(stack: Stack, meter: ReadMeter, clock: Clock) -> None:
    await _rule(stack, None, AlertKind.ENERGY_ABOVE, threshold=Decimal(100))
    await _rule(stack, None, AlertKind.POWER_FACTOR_BELOW, threshold=Decimal("0.85"))
    await _rule(stack, None, AlertKind.REGISTER_STILL)
    await meter.has_said(150, active_power_kw=60.0, power_factor=-0.8)
    await _look(stack)
    found = {alert.kind: alert for alert in await _alerts(stack)}
    assert set(found) == {AlertKind.ENERGY_ABOVE, AlertKind.POWER_FACTOR_BELOW}
    assert found[AlertKind.ENERGY_ABOVE].words == "150 kWh on 18 May, limit 100 kWh"
    assert found[AlertKind.POWER_FACTOR_BELOW].words == "Power factor 0.80 over 60 min, wanted 0.85"
    clock.advance(minutes=130)
    await meter.has_said(129, active_power_kw=60.0, stands=True)
    await _look(stack)
    still = next(alert for alert in await _alerts(stack) if alert.kind is AlertKind.REGISTER_STILL)
    assert still.words == "The register has stood still for 120 min at 60 kW"
    clock.advance(hours=12)
    await _look(stack)
    ended = next(alert for alert in await _alerts(stack) if alert.kind is AlertKind.ENERGY_ABOVE)
    assert (ended.ended_at, ended.ended_why) == (clock.now, "Its day or month is over")


async def test_in_quiet_hours_mail_waits_for_the_morning_unless_it_is_urgent(
    stack: Stack, meter: ReadMeter, mailbox: Mailbox, clock: Clock
) -> None:
    quiet = {"quiet_from": clock.now.time(), "quiet_to": (clock.now + timedelta(hours=6)).time()}
    # 12:00 UTC is 14:00 there.
    quiet = {name: at.replace(hour=at.hour + 2) for name, at in quiet.items()}
    channel = await _mail(stack, **quiet)
    await _rule(stack, channel, AlertKind.SILENT)
    await meter.has_said(1)
    clock.advance(hours=1)
    assert await _look(stack) == watch.WatchReport(1, 0, 0, 0)
    await _rule(stack, channel, AlertKind.SILENT, name="Urgent", breaks_quiet_hours=True)
    assert await _look(stack) == watch.WatchReport(1, 0, 1, 0)
    assert mailbox.titles == ["Meter silent: Main, Yard"]
    clock.advance(hours=5)
    assert (await _look(stack)).sent == 1
    assert len(mailbox.mails) == 2


async def test_what_was_acknowledged_is_not_told_any_more(
    stack: Stack, meter: ReadMeter, mailbox: Mailbox, clock: Clock
) -> None:
    mailbox.refuses = "451 later"
    channel = await _mail(stack)
    await _rule(stack, channel, AlertKind.SILENT)
    await meter.has_said(1)
    clock.advance(hours=1)
    assert await _look(stack) == watch.WatchReport(1, 0, 0, 1)
    failed = await alert_channels.get_channel(stack, channel.id)
    assert failed.last_error == "The mail server refused the mail (it answered 451)"
    assert await _look(stack) == watch.WatchReport(0, 0, 0, 0), "not again within the minute"
    [alert] = await _alerts(stack)
    seen = await alerts.acknowledge(stack, alert.id, "The board is being swapped")
    assert (seen.acknowledged_at, seen.note) == (clock.now, "The board is being swapped")
    mailbox.refuses = ""
    clock.advance(hours=1)
    assert (await _look(stack)).sent == 0
    assert (await alerts.count_open(stack)) == (1, 0)


async def test_what_could_not_be_sent_is_sent_later_once(
    stack: Stack, meter: ReadMeter, mailbox: Mailbox, clock: Clock
) -> None:
    mailbox.refuses = "451 later"
    channel = await _mail(stack)
    await _rule(stack, channel, AlertKind.SILENT)
    await meter.has_said(1)
    clock.advance(hours=1)
    tries = 0
    for _ in range(120):
        tries += (await _look(stack)).failed
        clock.advance(minutes=1)
    assert 5 <= tries <= 9
    mailbox.refuses = ""
    clock.advance(hours=1)
    assert (await _look(stack)).sent == 1
    assert len(mailbox.mails) == 1
    assert (await alert_channels.get_channel(stack, channel.id)).last_error == ""


async def test_a_rule_that_is_taken_away_ends_its_alerts_in_silence(
    stack: Stack, meter: ReadMeter, mailbox: Mailbox, clock: Clock
) -> None:
    rule = await _rule(stack, await _mail(stack), AlertKind.SILENT)
    await meter.has_said(1)
    clock.advance(hours=1)
    await _look(stack)
    await alert_rules.remove_rule(stack, rule.id)
    assert (await _look(stack)).ended == 1
    [alert] = await _alerts(stack)
    assert (alert.rule_id, alert.rule_name, alert.ended_why) == (
        None,
        "silent",
        "It is not watched any more",
    )
    assert len(mailbox.mails) == 1


async def test_one_process_looks_at_a_time(stack: Stack) -> None:
    async with led(stack.db, watch._LEADER_KEY) as leads, led(stack.db, watch._LEADER_KEY) as other:
        assert leads
        assert not other
    async with led(stack.db, watch._LEADER_KEY) as next_one:
        assert next_one


async def test_a_secret_in_an_address_is_sealed_and_nowhere_shown(stack: Stack, hook: Hook) -> None:
    given = ChannelFields(name="Hook", kind=ChannelKind.WEBHOOK, target=hook.url)
    channel = await alert_channels.add_channel(stack, given)
    hook.status = 500
    with pytest.raises(Undelivered) as failed:
        await alert_channels.try_channel(stack, channel.id)
    changed = await alert_channels.change_channel(
        stack, channel.id, ChannelFields(target=f"{hook.url}?token=other-{PASSWORD}")
    )
    assert changed.version != channel.version
    async with stack.db.snapshot() as session:
        tables = ("alert_channels", "audit_events")
        rows = [
            str(row)
            for table in tables
            for row in await session.execute(text(f"SELECT t::text FROM app.{table} t"))
        ]
    said = " ".join([*rows, repr(changed), failed.value.message])
    assert "Hook" in said
    assert PASSWORD not in said
    assert "leads elsewhere: yes" in said


async def test_another_key_opens_nothing_and_says_so(stack: Stack, meter: ReadMeter, clock: Clock) -> None:
    channel = await _mail(stack)
    await _rule(stack, channel, AlertKind.SILENT)
    await meter.has_said(1)
    clock.advance(hours=1)
    auth = stack.settings.authentication.model_copy(update={"secret_key": _Key("k" * 32)})
    other = replace(stack, settings=stack.settings.model_copy(update={"authentication": auth}))
    assert await _look(other) == watch.WatchReport(1, 0, 0, 1)
    kept = await alert_channels.get_channel(stack, channel.id)
    assert kept.last_error == "This channel was sealed with another key: type in again where it leads"


class _Key:
    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value


async def test_who_reads_afrikaans_is_told_in_it_and_sees_the_alert_in_it(
    stack: Stack, meter: ReadMeter, mailbox: Mailbox, clock: Clock
) -> None:
    await accounts.add_user(stack, "night@example.com", Role.USER, "a few words to sign in with")
    await set_speech(stack, "night@example.com", "af")
    await _rule(stack, await _mail(stack), AlertKind.SILENT)
    await meter.has_said(1)
    await _look(stack)
    clock.advance(minutes=31)
    await _look(stack)
    sent = {addresses[0]: mail for addresses, mail in mailbox.mails}
    assert sent["ops@example.com"]["Subject"] == "Meter silent: Main, Yard"
    assert sent["night@example.com"]["Subject"] == "Meter stil: Main, Yard"
    body = sent["night@example.com"].get_body(("plain",))
    assert body is not None
    assert "Geen lesing sedert 14:00 nie (sedert 14:31; re\u00ebl:" in body.get_content()
    [alert] = await _alerts(stack, only_open=True)
    assert alert.words == "No reading since 14:00"
    with speaking(Speech("af", "af-ZA")):
        assert tr(alert.spoken) == "Geen lesing sedert 14:00 nie"
