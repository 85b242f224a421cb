"""The list of customers as Olga reads it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from portal.admin.customers.view import build_rows, matching, summary
from portal.commands.fleet import for_machines
from portal.commands.output import plain
from portal.core.energy.rules.as_of import AsOf
from portal.core.fleet.service.customers import CustomerLine

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACME = CustomerLine(
    id=UUID("00000000-0000-0000-0000-00000000000a"),
    code="acme",
    name="Acme Mills",
    is_active=True,
    first_seen_at=NOW - timedelta(days=30),
    last_seen_at=NOW - timedelta(minutes=3),
    site_count=2,
    device_count=5,
    energy_today_kwh=Decimal("1234.567"),
    token_issued_at=datetime(2026, 9, 1, 23, 0, tzinfo=UTC),
    token_rotated_at=None,
    previous_token_expires_at=None,
    last_batch_rows=500,
)


@pytest.mark.parametrize(
    ("change", "status", "tone"),
    [
        ({}, "Active", "ok"),
        ({"last_seen_at": NOW - timedelta(hours=1)}, "Active", "ok"),
        ({"last_seen_at": NOW - timedelta(hours=1, seconds=1)}, "Quiet", "warn"),
        ({"last_seen_at": None}, "Never seen", "neutral"),
        ({"is_active": False}, "Disabled", "neutral"),
    ],
)
def test_active_means_pushed_within_the_hour(change: dict[str, object], status: str, tone: str) -> None:
    [row] = build_rows([replace(ACME, **change)], NOW, "UTC")
    assert (row["status"], row["tone"]) == (status, tone)


def test_a_row_says_when_and_how_much() -> None:
    [row] = build_rows([ACME], NOW, "Africa/Johannesburg")
    assert row["last_seen"] == "3 min ago"
    assert row["last_seen_utc"] == "2026-11-20 11:57:00 UTC"
    assert row["today_kwh"] == "1\u2009234.57"
    assert row["issued"] == "2 Sep 2026"
    assert row["issued_utc"] == "2026-09-01 23:00:00 UTC"
    assert row["href"] == f"/customers/{ACME.id}"


def test_the_old_token_is_named_while_it_is_valid_and_not_after() -> None:
    rotated = replace(
        ACME, token_rotated_at=NOW - timedelta(hours=2), previous_token_expires_at=NOW + timedelta(hours=22)
    )
    [row] = build_rows([rotated], NOW, "Africa/Johannesburg")
    assert row["grace"] == "Old token valid until 21 Nov, 12:00"
    [later] = build_rows([rotated], NOW + timedelta(hours=22), "Africa/Johannesburg")
    assert later["grace"] == ""
    assert later["rotated"] == "Rotated 1 day ago"


@pytest.mark.parametrize(
    ("search", "codes"),
    [
        ("", ["acme", "bay"]),
        ("ACME", ["acme"]),
        ("cold bay", ["bay"]),
        ("  ", ["acme", "bay"]),
        ("acme bay", []),
        ("%", []),
    ],
)
def test_searching_code_and_name(search: str, codes: list[str]) -> None:
    rows = build_rows([ACME, replace(ACME, code="bay", name="Bay Cold Store")], NOW, "UTC")
    assert [row["code"] for row in matching(rows, search)] == codes


def test_the_summary_counts_who_is_alive() -> None:
    rows = build_rows([ACME, replace(ACME, last_seen_at=None)], NOW, "UTC")
    assert summary(rows) == "2 customers, 1 active within the hour"
    assert summary([]) == ""


def test_the_command_says_how_far_energy_goes_as_the_api_does() -> None:
    shown = for_machines(replace(ACME, energy_as_of=AsOf(NOW, is_complete=False)))
    assert (shown["energyAsOf"], shown["energyIsComplete"]) == ("2026-11-20T12:00:00Z", False)
    assert set(shown) == set(plain(ACME)) | {"energyIsComplete"}
