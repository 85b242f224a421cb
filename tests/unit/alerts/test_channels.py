"""Who is told, when, and what is seen of where that leads."""

from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from portal.core.alerts.rules.alert_rules import AlertKind
from portal.core.alerts.rules.channels import (
    AlertChannel,
    ChannelKind,
    due_at,
    mail_addresses,
    next_try,
    shown_target,
    sound_quiet,
    web_address,
)
from portal.core.alerts.rules.messages import BEGAN, ENDED, News, compose
from portal.core.delivery.services import service_name
from portal.core.errors import Invalid

_ZONE = ZoneInfo("Africa/Johannesburg")


def _channel(quiet_from: time | None, quiet_to: time | None) -> AlertChannel:
    return AlertChannel(
        UUID(int=5),
        "Ops",
        ChannelKind.MAIL,
        "ops@example.com",
        quiet_from,
        quiet_to,
        gets_report=False,
        is_active=True,
        last_sent_at=None,
        last_error="",
        failures=0,
        target_mark="",
    )


def _at(hour: int, minute: int = 0, day: int = 18) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=_ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (_at(21, 59), _at(21, 59)),
        (_at(22, 0), _at(6, 0, 19)),
        (_at(23, 30), _at(6, 0, 19)),
        (_at(3, 0), _at(6, 0)),
        (_at(6, 0), _at(6, 0)),
        (_at(12, 0), _at(12, 0)),
    ],
)
def test_quiet_hours_over_midnight_end_in_the_morning(now: datetime, due: datetime) -> None:
    channel = _channel(time(22), time(6))
    assert due_at(channel, now, _ZONE, breaks_quiet_hours=False) == due
    assert due_at(channel, now, _ZONE, breaks_quiet_hours=True) == now


def test_quiet_hours_within_a_day() -> None:
    channel = _channel(time(12), time(13, 30))
    assert due_at(channel, _at(12, 30), _ZONE, breaks_quiet_hours=False) == _at(13, 30)
    assert due_at(channel, _at(13, 30), _ZONE, breaks_quiet_hours=False) == _at(13, 30)
    assert due_at(_channel(None, None), _at(3), _ZONE, breaks_quiet_hours=False) == _at(3)


@pytest.mark.parametrize("ends", [(time(22), None), (None, time(6)), (time(6), time(6))])
def test_quiet_hours_have_two_ends(ends: tuple[time | None, time | None]) -> None:
    with pytest.raises(Invalid):
        sound_quiet(*ends)


def test_tries_come_seldomer_up_to_an_hour() -> None:
    waits = [(next_try(_at(12), failures) - _at(12)).total_seconds() / 60 for failures in range(9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_what_is_seen_of_a_target_has_no_secret() -> None:
    assert shown_target(ChannelKind.MAIL, "a@example.com, b@example.com, c@example.com") == (
        "a@example.com, b@example.com and 1 more"
    )
    url = "https://user:hidden@hooks.example.com:8443/T000/hidden?key=hidden"
    assert shown_target(ChannelKind.WEBHOOK, url) == "https://hooks.example.com:8443/…"
    assert shown_target(ChannelKind.SERVICE, "slack://hiddenA/hiddenB/hiddenC") == "slack://…"


@pytest.mark.parametrize("target", ["", "nobody", "a@b c", "a@example.com,@x", "x\n@example.com", "a@-"])
def test_mail_goes_to_addresses(target: str) -> None:
    with pytest.raises(Invalid):
        mail_addresses(target)


@pytest.mark.parametrize(
    "target", ["", "ftp://x/hidden", "https://", "https:///hidden", "https://x:99999/hidden", "http://a b"]
)
def test_a_webhook_has_an_address_of_the_web(target: str) -> None:
    with pytest.raises(Invalid) as refused:
        web_address(target)
    assert "hidden" not in refused.value.message


def test_a_service_is_known_by_its_address() -> None:
    assert service_name("ntfy://ntfy.sh/topic") == "ntfy"
    for none in ("nothing://hidden", "syslog://", "slack://hidden"):
        with pytest.raises(Invalid) as refused:
            service_name(none)
        assert "hidden" not in refused.value.message


def _news(event: str, ended_at: datetime | None = None, message_id: int = 1) -> News:
    return News(
        message_id,
        event,
        7,
        "Boards",
        AlertKind.SILENT,
        "Main, Yard",
        "No reading since 13:00",
        "",
        _at(13, 30),
        ended_at,
    )


def test_one_alert_is_its_own_title() -> None:
    made = compose([_news(BEGAN)], _at(14), _ZONE, "Harbour", "https://portal.example.com/alerts")
    assert made.title == "Meter silent: Main, Yard"
    assert made.lines == (
        "Meter silent: Main, Yard. No reading since 13:00 (since 13:30; rule: Boards)",
        "",
        "https://portal.example.com/alerts",
    )


def test_several_are_one_message() -> None:
    news = [_news(BEGAN), _news(BEGAN), _news(ENDED, _at(14))]
    made = compose(news, _at(14), _ZONE, "Harbour", "")
    assert made.title == "2 alerts began, 1 alert ended"
    assert made.lines[2].startswith("Over: Meter silent: Main, Yard. From 13:30, for 30 min.")
    assert [each["event"] for each in made.payload["alerts"]] == ["began", "began", "ended"]


def test_what_began_and_ended_in_quiet_hours_is_told_as_over() -> None:
    made = compose([_news(BEGAN, _at(14))], _at(15), _ZONE, "Harbour", "")
    assert made.lines[0].startswith("Over: ")
