"""Whose way in is closed, and whose is not."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.core.identity.rules.lockout import (
    Bound,
    Count,
    LockoutState,
    account_bound,
    account_key,
    origin_of,
    ways_of,
)

NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)
SOON, LATER, PAST = NOW + timedelta(minutes=1), NOW + timedelta(minutes=9), NOW - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "until"),
    [
        (LockoutState(), None),
        (LockoutState(pair_until=PAST, address_until=PAST, account_until=PAST), None),
        (LockoutState(pair_until=SOON, address_until=LATER), LATER),
        (LockoutState(account_until=SOON), SOON),
        (LockoutState(account_until=SOON, is_known=True), None),
        (LockoutState(pair_until=SOON, is_known=True), SOON),
    ],
)
def test_the_longest_closure_counts_and_the_owners_address_is_spared(
    state: LockoutState, until: datetime | None
) -> None:
    assert state.closed_until(NOW) == until


def test_strangers_close_an_account_for_a_minute_at_most() -> None:
    assert account_bound(5, timedelta(minutes=15)).closed_for == timedelta(minutes=1)
    assert account_bound(5, timedelta(seconds=30)).closed_for == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("*", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_an_ipv6_site_counts_as_one(address: str, origin: str) -> None:
    assert origin_of(address) == origin


BOUND = Bound(3, timedelta(minutes=15), timedelta(minutes=5))


def test_a_count_closes_at_its_bound_and_starts_anew_when_that_is_over() -> None:
    count = Count(0, NOW)
    for _ in range(2):
        count = count.with_one_more(BOUND, NOW)
        assert count.closed_until is None
    count = count.with_one_more(BOUND, NOW)
    assert count.closed_until == NOW + timedelta(minutes=5)
    assert count.with_one_more(BOUND, SOON).closed_until == count.closed_until
    assert count.with_one_more(BOUND, LATER) == Count(1, LATER)


def test_a_count_forgets_when_its_window_is_over() -> None:
    assert Count(2, NOW, has_succeeded=True).with_one_more(BOUND, NOW + timedelta(minutes=15)) == Count(
        1, NOW + timedelta(minutes=15), has_succeeded=True
    )


def test_what_only_a_right_attempt_closed_is_open_again() -> None:
    closed = Count(2, NOW).with_one_more(BOUND, NOW)
    assert closed.with_one_less(BOUND) == Count(2, NOW)
    failed_too = closed.with_one_more(BOUND, NOW)
    assert failed_too.with_one_less(BOUND) == closed
    assert Count(0, NOW).with_one_less(BOUND) == Count(0, NOW)


@pytest.mark.parametrize(
    "typed", ["*", " ANY ACCOUNT", "\tANY ACCOUNT", " codes", "ANY ADDRESS ", "\x00", ""]
)
def test_no_account_has_the_key_of_another_count(typed: str) -> None:
    ways = ways_of(
        account_key(typed), origin_of("*"), max_failures=5, closed_for=timedelta(minutes=15), with_code=True
    )
    assert len({way.key for way in ways}) == len(ways)
    assert account_key(typed) not in {ways[1].email, ways[2].address, ways[3].address}
