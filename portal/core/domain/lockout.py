"""When repeated failures close the way in, to whom, and for how long.

Several counts, because one alone either lets an attacker guess or lets them lock somebody out:

- an account from one address: the rule of the settings. It closes that address' way to that account only.
- an address over all accounts: one password tried on many accounts. It closes the address.
- an account over all addresses: one account tried from many addresses. It closes for a minute at a time, and never to
  an address from which its owner has signed in before.
- the codes of an account's second factor over all addresses: who gets that far knows the password, and a code has six
  digits only. It closes for an hour, to everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

ANY = "*"
CODES = "codes"
_ADDRESS_FACTOR = 10
_ACCOUNT_FACTOR = 20
_ACCOUNT_PAUSE = timedelta(minutes=1)
_CODES_FACTOR = 4
_CODES_PAUSE = timedelta(hours=1)
_FORGET_FAILURES_AFTER = timedelta(days=1)
_IPV6_SITE = 64


@dataclass(frozen=True, slots=True)
class Bound:
    """So many failures within a window close the way for a while."""

    failures: int
    window: timedelta
    closed_for: timedelta


@dataclass(frozen=True, slots=True)
class Standing:
    """Until when each of the ways is closed, and whether the owner has come from this address before."""

    pair_until: datetime | None = None
    address_until: datetime | None = None
    account_until: datetime | None = None
    codes_until: datetime | None = None
    is_known: bool = False

    def closed_until(self, now: datetime, *, with_code: bool = False) -> datetime | None:
        """Return when this way opens again, or None while it is open."""
        ways = [self.pair_until, self.address_until, None if self.is_known else self.account_until]
        ways += [self.codes_until] if with_code else []
        return max((until for until in ways if until is not None and until > now), default=None)


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
