"""The list of customers as Olga reads it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl
from uuid import UUID

import pytest

from portal.admin.customer_dialogs import first_push
from portal.admin.customers.address import address_of, asked_in, ordered_by
from portal.admin.customers.view import build_rows, filter_counts, summary, updated
from portal.commands.fleet import for_machines
from portal.commands.output import plain
from portal.core.energy.rules.as_of import AsOf
from portal.core.fleet.rules.customer_lists import CustomerOrder, CustomersAsked, CustomerStatus
from portal.core.fleet.service.customer_lists import CustomerCounts, ListedCustomer
from portal.core.fleet.service.customers import CustomerLine
from portal.ui.listing import page_choice

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACME = ListedCustomer(
    id=UUID("00000000-0000-0000-0000-00000000000a"),
    code="acme",
    name="Acme Mills",
    state=CustomerStatus.ACTIVE,
    first_seen_at=NOW - timedelta(days=30),
    last_seen_at=NOW - timedelta(minutes=3),
    token_issued_at=datetime(2026, 9, 1, 23, 0, tzinfo=UTC),
    token_rotated_at=None,
    previous_token_expires_at=None,
    refusal="",
    refused_since=None,
    site_count=2,
    meter_count=5,
    energy_today_kwh=Decimal("1234.567"),
    push=None,
)
COUNTS = CustomerCounts(everybody=12_000, failing=1, late=2, never=3, active=11_900, disabled=94, old_token=1)
LINE = CustomerLine(
    id=ACME.id,
    code="acme",
    name="Acme Mills",
    is_active=True,
    first_seen_at=ACME.first_seen_at,
    last_seen_at=ACME.last_seen_at,
    site_count=2,
    device_count=5,
    energy_today_kwh=ACME.energy_today_kwh,
    token_issued_at=ACME.token_issued_at,
    token_rotated_at=None,
    previous_token_expires_at=None,
    last_batch_rows=500,
)


@pytest.mark.parametrize(
    ("state", "status", "tone"),
    [
        (CustomerStatus.ACTIVE, "Active", "ok"),
        (CustomerStatus.LATE, "Late", "warn"),
        (CustomerStatus.FAILING, "Failing", "fail"),
        (CustomerStatus.NEVER_SEEN, "Never seen", "neutral"),
        (CustomerStatus.DISABLED, "Disabled", "neutral"),
    ],
)
def test_a_state_has_a_word_and_a_tone(state: CustomerStatus, status: str, tone: str) -> None:
    [row] = build_rows([replace(ACME, state=state, refusal="401: an old token")], NOW, "UTC")
    assert (row["status"], row["tone"]) == (status, tone)
    assert row["why"] == ("401: an old token" if state is CustomerStatus.FAILING else "")
    assert row["is_active"] is (state is not CustomerStatus.DISABLED)


def test_a_row_says_when_and_how_much() -> None:
    [row] = build_rows([ACME], NOW, "Africa/Johannesburg")
    assert row["last_seen"] == "3 min ago"
    assert row["last_seen_utc"] == "2026-11-20 11:57:00 UTC"
    assert row["today_kwh"] == "1\u2009234.57"
    assert row["issued"] == "2 Sep 2026"
    assert row["issued_utc"] == "2026-09-01 23:00:00 UTC"
    assert row["href"] == f"/customers/{ACME.id}"


def test_a_customer_without_meters_has_no_energy_and_not_none_of_it() -> None:
    new = replace(ACME, meter_count=0, first_seen_at=None, last_seen_at=None, energy_today_kwh=Decimal(0))
    [row] = build_rows([new], NOW, "UTC")
    assert (row["today_kwh"], row["last_seen"]) == ("\u2013", "\u2013")
    assert row["rotated"] == "waiting for the first push"


def test_the_old_token_is_named_while_it_is_valid_and_not_after() -> None:
    rotated = replace(
        ACME, token_rotated_at=NOW - timedelta(hours=2), previous_token_expires_at=NOW + timedelta(hours=22)
    )
    [row] = build_rows([rotated], NOW, "Africa/Johannesburg")
    assert row["grace"] == "Old token valid until 21 Nov, 12:00"
    assert row["issued"] == "20 Nov 2026"
    [later] = build_rows([rotated], NOW + timedelta(hours=22), "Africa/Johannesburg")
    assert later["grace"] == ""
    assert later["rotated"] == "Rotated 1 day ago"


def test_what_is_fresh_keeps_the_order_of_what_is_shown() -> None:
    bay = replace(ACME, id=UUID(int=11), code="bay")
    shown = build_rows([bay, ACME], NOW, "UTC")
    fresh = build_rows([replace(ACME, state=CustomerStatus.LATE)], NOW, "UTC")
    assert [(row["code"], row["status"]) for row in updated(shown, fresh)] == [
        ("bay", "Active"),
        ("acme", "Late"),
    ]


def test_the_filters_count_and_the_summary_says_who_is_alive() -> None:
    chips = {chip["label"]: chip["count"] for chip in filter_counts(COUNTS)}
    assert list(chips) == ["All", "Failing", "Late", "Never seen", "Active", "Disabled", "Old token valid"]
    assert (chips["All"], chips["Late"], chips["Old token valid"]) == ("12\u2009000", "2", "1")
    assert summary(COUNTS, "") == "12\u2009000 customers, 11\u2009900 active within the hour"
    assert (
        summary(COUNTS._replace(everybody=1, active=0), "x") == "1 customer matches, 0 active within the hour"
    )
    assert summary(COUNTS._replace(everybody=0), "") == ""


@pytest.mark.parametrize(
    "asked",
    [
        CustomersAsked(),
        CustomersAsked("cold & bay", "late", CustomerOrder.TODAY, is_descending=True, page=7),
        CustomersAsked(shown="old-token", order=CustomerOrder.NAME),
    ],
)
def test_the_address_says_all_that_is_asked(asked: CustomersAsked) -> None:
    _, _, query = address_of(asked).partition("?")
    pairs = dict(parse_qsl(query))
    assert asked_in(pairs) == asked


def test_an_address_that_nobody_made_asks_for_the_whole_list() -> None:
    odd = {"sort": "-; DROP", "show": "everything", "page": "-3", "q": "x" * 500}
    assert asked_in(odd) == CustomersAsked(search="x" * 100)
    assert asked_in({"page": "999999999999"}).page == 1


def test_a_heading_orders_and_orders_the_other_way_round() -> None:
    first = ordered_by(CustomersAsked(page=4), "today")
    assert (first.order, first.is_descending, first.page) == (CustomerOrder.TODAY, True, 1)
    assert ordered_by(first, "today").is_descending is False
    assert ordered_by(first, "name").is_descending is False
    assert ordered_by(first, "nonsense") == first


def test_the_pages_of_a_long_list() -> None:
    choice = page_choice(10_000, 100, 50)
    assert choice["words"] == "4\u2009951 to 5\u2009000 of 10\u2009000"
    assert [link["text"] for link in choice["links"]] == ["1", "\u2026", "99", "100", "101", "\u2026", "200"]
    assert (choice["before"], choice["after"]) == (99, 101)
    assert page_choice(50, 1, 50)["links"] == []
    assert page_choice(51, 9, 50)["words"] == "51 to 51 of 51"
    assert page_choice(0, 1, 50)["words"] == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", ""),
        ("Karoo-Mill", "In compose and in host names: karoo-mill"),
        ("-x", f"Not a code: {first_push.CODE_RULE}"),
        ("a b", f"Not a code: {first_push.CODE_RULE}"),
    ],
)
def test_a_code_says_what_becomes_of_it(code: str, words: str) -> None:
    assert first_push.code_words(code) == words


def test_what_is_heard_of_a_new_customer() -> None:
    new = replace(ACME, state=CustomerStatus.NEVER_SEEN, first_seen_at=None, last_seen_at=None)
    assert first_push.heard_of(new, "UTC") == first_push.WAITING
    refused = replace(new, state=CustomerStatus.FAILING, refusal="413: the body is too large")
    assert first_push.heard_of(refused, "UTC")["words"].startswith(
        "413: the body is too large. Nothing is lost"
    )
    heard = first_push.heard_of(replace(ACME, first_seen_at=NOW), "Africa/Johannesburg")
    assert (heard["is_received"], heard["words"]) == (True, "At 14:00:00; so far 2 sites, 5 meters.")


def test_the_command_says_how_far_energy_goes_as_the_api_does() -> None:
    shown = for_machines(replace(LINE, energy_as_of=AsOf(NOW, is_complete=False)))
    assert (shown["energyAsOf"], shown["energyIsComplete"]) == ("2026-11-20T12:00:00Z", False)
    assert set(shown) == set(plain(LINE)) | {"energyIsComplete"}
