"""Limits count what they say, name the true waiting time, and let in whoever has proven a credential."""

import time
from unittest.mock import patch

import pytest

from fleet_ingest.throttle import Throttle
from portal.core.errors import Throttled
from portal.core.settings import RateLimit
from portal.core.values.tokens import token_hash

HERE, THERE = "192.0.2.1", "192.0.2.2"


def throttle(**changes: object) -> Throttle:
    return Throttle(RateLimit(**{"customer_per_minute": 3, "failures_per_minute": 2} | changes))


async def test_a_credential_has_so_many_requests_a_minute_and_no_other_suffers() -> None:
    limits = throttle()
    for _ in range(3):
        await limits.count("customer", "a")
    with pytest.raises(Throttled) as refused:
        await limits.count("customer", "a")
    assert 1 <= refused.value.retry_after_seconds <= 60
    await limits.count("customer", "b")
    await limits.count("device", "a")


async def test_the_waiting_time_is_true() -> None:
    limits = throttle(customer_per_minute=1)
    await limits.count("customer", "a")
    with pytest.raises(Throttled) as refused:
        await limits.count("customer", "a")
    later = time.time() + refused.value.retry_after_seconds
    with patch("time.time", return_value=later), patch("fleet_ingest.throttle.time", return_value=later):
        await limits.count("customer", "a")


GOOD, STORED, BAD = "a" * 64, "pak_" + "b" * 64, "c" * 64


async def test_refused_credentials_close_an_address_but_not_to_those_who_are_known() -> None:
    """Known by this process, or by the database, which is asked only then and only about what could be one."""
    limits = throttle()
    asked: list[str] = []

    async def is_known(proof: str) -> bool:
        asked.append(proof)
        return proof == token_hash(STORED)

    limits.note_accepted(GOOD)
    for _ in range(2):
        await limits.admit(HERE, BAD, is_known)
        await limits.note_refused(HERE)
    assert asked == []
    for unknown in (BAD, "another", "", "A" * 64):
        with pytest.raises(Throttled) as refused:
            await limits.admit(HERE, unknown, is_known)
        assert 1 <= refused.value.retry_after_seconds <= 60
    for known in (GOOD, STORED):
        await limits.admit(HERE, known, is_known)
    assert asked == [token_hash(BAD), token_hash(STORED)]
    await limits.admit(THERE, BAD, is_known)


async def test_a_site_of_ipv6_has_no_more_failures_than_an_address() -> None:
    limits = throttle()
    for number in range(2):
        await limits.note_refused(f"2001:db8:1:2::{number}")
    with pytest.raises(Throttled):
        await limits.admit("2001:db8:1:2:9::9", BAD, _never)
    await limits.admit("2001:db8:1:3::1", BAD, _never)


async def _never(_: str) -> bool:
    return False


async def test_switched_off_nothing_is_limited() -> None:
    limits = throttle(enabled=False)
    for _ in range(10):
        await limits.count("customer", "a")
        await limits.admit(HERE, BAD, _never)
        await limits.note_refused(HERE)


async def test_without_an_answer_from_redis_the_process_counts_for_itself() -> None:
    limits = throttle(redis_url="redis://127.0.0.1:1/0")
    for _ in range(3):
        await limits.count("customer", "a")
    with pytest.raises(Throttled):
        await limits.count("customer", "a")


def test_the_defaults_are_far_above_what_a_push_sends() -> None:
    push_a_minute = 5 * 3  # resources, batches per resource and tick, a tick a minute
    assert RateLimit().customer_per_minute >= 50 * push_a_minute


async def test_what_was_proven_is_kept_as_a_hash_only() -> None:
    limits = throttle()
    limits.note_accepted("a-token")
    assert "a-token" not in str(vars(limits))
