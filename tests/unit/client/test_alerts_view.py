"""The words of the Alerts page, and what its forms come to."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from portal.client.alerts import forms, view
from portal.core.alerts.rules.alert_rules import AlertKind, AlertRule
from portal.core.alerts.service.alerts import StoredAlert
from portal.core.errors import Invalid

_NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)
_ID = UUID(int=7)


def _alert(ended_at: datetime | None = None, acknowledged_at: datetime | None = None) -> StoredAlert:
    return StoredAlert(
        3,
        _ID,
        "Boards",
        AlertKind.SILENT,
        _ID,
        _ID,
        "Main, Yard",
        "No reading since 13:00",
        _NOW - timedelta(hours=3),
        ended_at,
        "",
        acknowledged_at,
        "alice@example.com" if acknowledged_at else "",
        "",
    )


def test_an_alert_says_what_since_when_and_who_looks_after_it() -> None:
    [is_open, seen, over] = view.alert_lines(
        [_alert(), _alert(acknowledged_at=_NOW), _alert(ended_at=_NOW - timedelta(hours=1))],
        _NOW,
        "Africa/Johannesburg",
    )
    assert (is_open["status"], is_open["tone"], is_open["since"]) == ("Open", "fail", "18 May 2026, 11:00")
    assert (seen["status"], seen["seen"]) == ("Seen", "alice@example.com, 18 May 2026, 14:00")
    assert (over["status"], over["lasted"], over["is_open"]) == ("Over", "for 2 h", False)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((0, 0, 0), "Nothing is watched yet"),
        ((0, 0, 2), "Nothing is wrong with what is watched"),
        ((1, 1, 2), "1 alert is open, 1 not acknowledged"),
        ((3, 0, 2), "3 alerts are open, all acknowledged"),
    ],
)
def test_the_line_under_the_title(found: tuple[int, int, int], words: str) -> None:
    assert view.summary(*found) == words


def _rule(kind: AlertKind, threshold: Decimal | None, minutes: int | None) -> AlertRule:
    return AlertRule(_ID, "R", kind, None, None, threshold, minutes, breaks_quiet_hours=False, is_active=True)


def test_a_rule_in_words() -> None:
    power = _rule(AlertKind.POWER_ABOVE, Decimal("50.000000"), 15)
    assert (view.watched_words(power), view.about_words(power)) == (
        "Power above 50 kW over 15 min",
        "All sites",
    )
    cost = _rule(AlertKind.COST_ABOVE, Decimal(60000), None)
    assert view.watched_words(cost) == "Month's cost above 60 000"
    silent = _rule(AlertKind.SILENT, None, 30)
    assert (view.watched_words(silent), view.about_words(silent)) == (
        "Meter silent for 30 min",
        "All meters",
    )


def test_the_form_of_a_rule_is_read() -> None:
    form = {
        "name": " Peak ",
        "about": f"meter-{_ID}",
        "threshold": "1 050,5",
        "minutes": "15",
        f"told-{_ID}": "on",
        f"told-{UUID(int=8)}": "",
        "urgent": "on",
    }
    given = forms.rule_fields(form, AlertKind.POWER_ABOVE)
    assert (given.get("threshold"), given.get("device_id"), given.get("site_id")) == (
        Decimal("1050.5"),
        _ID,
        None,
    )
    assert (given.get("channels"), given.get("breaks_quiet_hours")) == ([_ID], True)
    with pytest.raises(Invalid):
        forms.rule_fields(form | {"threshold": "much"}, AlertKind.POWER_ABOVE)


def test_a_channel_that_is_changed_without_a_target_leads_where_it_did() -> None:
    given = forms.channel_fields({"name": "Ops", "target": " ", "quiet_from": "22:00", "quiet_to": "06:00"})
    assert "target" not in given
    assert (given.get("quiet_from"), given.get("quiet_to")) == (time(22), time(6))
