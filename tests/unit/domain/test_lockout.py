"""Whose way in is closed, and whose is not."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.core.domain.lockout import Standing, account_bound, origin_of

NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)
SOON, LATER, PAST = NOW + timedelta(minutes=1), NOW + timedelta(minutes=9), NOW - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("standing", "until"),
    [
        (Standing(), None),
        (Standing(pair_until=PAST, address_until=PAST, account_until=PAST), None),
        (Standing(pair_until=SOON, address_until=LATER), LATER),
        (Standing(account_until=SOON), SOON),
        (Standing(account_until=SOON, is_known=True), None),
        (Standing(pair_until=SOON, is_known=True), SOON),
    ],
)
def test_the_longest_closure_counts_and_the_owners_address_is_spared(
    standing: Standing, until: datetime | None
) -> None:
    assert standing.closed_until(NOW) == until


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
