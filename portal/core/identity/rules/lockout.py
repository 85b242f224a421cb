"""When repeated failures close the way in, to whom, and for how long.

Several counts, because one alone either lets an attacker guess or lets them lock somebody out:

- an account from one address: the rule of the settings. It closes that address' way to that account only.
- an address over all accounts: one password tried on many accounts. It closes the address.
- an account over all addresses: one account tried from many addresses. It closes for a minute at a time, and never to
  an address from which its owner has signed in before.
- the codes of an account's second factor over all addresses: who gets that far knows the password, and a code has six
  digits only. It closes for an hour, to everybody.

An attempt is in every count before it is looked at, and taken out again when it was right: whoever sends a hundred at
once has as many looked at as whoever sends one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What stands for all accounts, all addresses or all codes is nothing that can come from outside: an account is kept as
# `account_key` makes it, without blanks at its ends and in lower case, and an address as `origin_of` makes it.
ANY_ACCOUNT = " ANY ACCOUNT"
ANY_ADDRESS = " ANY ADDRESS"
CODES = " CODES"
_ADDRESS_FACTOR = 10
_ACCOUNT_FACTOR = 20
_ACCOUNT_PAUSE = timedelta(minutes=1)
_CODES_FACTOR = 4
_CODES_PAUSE = timedelta(hours=1)
_FORGET_FAILURES_AFTER = timedelta(days=1)
_IPV6_SITE = 64
_LONGEST_ACCOUNT = 254


@dataclass(frozen=True, slots=True)
class Bound:
    """So many failures within a window close the way for a while."""

    failures: int
    window: timedelta
    closed_for: timedelta


@dataclass(frozen=True, slots=True)
class Way:
    """One of the counts an attempt is in, and its bound."""

    email: str
    address: str
    bound: Bound

    @property
    def key(self) -> tuple[str, str]:
        """Where the count is kept."""
        return self.email, self.address


@dataclass(frozen=True, slots=True)
class Count:
    """How many attempts of a way have failed, or are being looked at, and until when it is closed."""

    failures: int
    window_at: datetime
    closed_until: datetime | None = None
    has_succeeded: bool = False

    def with_one_more(self, bound: Bound, now: datetime) -> Count:
        """Return the count with another attempt in it; a window or a closure that is over starts it anew."""
        is_over = self.window_at <= now - bound.window or (
            self.closed_until is not None and self.closed_until <= now
        )
        if is_over:
            return Count(0, now, None, self.has_succeeded).with_one_more(bound, now)
        closes = self.closed_until is None and self.failures + 1 >= bound.failures
        until = now + bound.closed_for if closes else self.closed_until
        return replace(self, failures=self.failures + 1, closed_until=until)

    def with_one_less(self, bound: Bound) -> Count:
        """Return the count without an attempt that was right; what only this one closed is open again."""
        failures = max(self.failures - 1, 0)
        return replace(
            self, failures=failures, closed_until=self.closed_until if failures >= bound.failures else None
        )


@dataclass(frozen=True, slots=True)
class LockoutState:
    """Until when each of the ways is closed, and whether the owner has come from this address before."""

    pair_until: datetime | None = None
    address_until: datetime | None = None
    account_until: datetime | None = None
    codes_until: datetime | None = None
    is_known: bool = False

    @classmethod
    def of(cls, email: str, origin: str, counts: Mapping[tuple[str, str], Count]) -> LockoutState:
        """Return how an account stands with an address; a count that is not there has never closed anything."""
        closed = {key: count.closed_until for key, count in counts.items()}
        pair = counts.get((email, origin))
        return cls(
            pair_until=closed.get((email, origin)),
            address_until=closed.get((ANY_ACCOUNT, origin)),
            account_until=closed.get((email, ANY_ADDRESS)),
            codes_until=closed.get((email, CODES)),
            is_known=pair is not None and pair.has_succeeded,
        )

    def closed_until(self, now: datetime, *, with_code: bool = False) -> datetime | None:
        """Return when this way opens again, or None while it is open."""
        ways = [self.pair_until, self.address_until, None if self.is_known else self.account_until]
        ways += [self.codes_until] if with_code else []
        return max((until for until in ways if until is not None and until > now), default=None)


def ways_of(
    email: str, origin: str, *, max_failures: int, closed_for: timedelta, with_code: bool
) -> tuple[Way, ...]:
    """Return every count of an attempt on an account (`account_key`) from an address (`origin_of`), the pair first."""
    ways = [
        Way(email, origin, pair_bound(max_failures, closed_for)),
        Way(ANY_ACCOUNT, origin, address_bound(max_failures, closed_for)),
        Way(email, ANY_ADDRESS, account_bound(max_failures, closed_for)),
    ]
    if with_code:
        ways.append(Way(email, CODES, codes_bound(max_failures)))
    return tuple(ways)


def pair_bound(max_failures: int, closed_for: timedelta) -> Bound:
    """Return the bound of one account from one address."""
    return Bound(max_failures, _FORGET_FAILURES_AFTER, closed_for)


def address_bound(max_failures: int, closed_for: timedelta) -> Bound:
    """Return the bound of one address over all accounts."""
    return Bound(max_failures * _ADDRESS_FACTOR, closed_for, closed_for)


def account_bound(max_failures: int, closed_for: timedelta) -> Bound:
    """Return the bound of one account over all addresses."""
    return Bound(max_failures * _ACCOUNT_FACTOR, closed_for, min(_ACCOUNT_PAUSE, closed_for))


def codes_bound(max_failures: int) -> Bound:
    """Return the bound of an account's codes over all addresses."""
    return Bound(max_failures * _CODES_FACTOR, _FORGET_FAILURES_AFTER, _CODES_PAUSE)


def account_key(typed: str) -> str:
    """Return what an account is counted under, whatever was typed: PostgreSQL stores no NUL, and nobody has one."""
    return typed.replace("\x00", "").strip().lower()[:_LONGEST_ACCOUNT]


def origin_of(address: str) -> str:
    """Return what counts as one address: for IPv6 the network of the site, which has as many as it likes."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, _IPV6_SITE), strict=False))
    return str(parsed)
