"""Customers and their tokens on the Admin."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.fleet.service import customers
from portal.core.stack import Stack
from portal.core.values.tokens import token_hash
from tests.integration.databases import Clock


async def _hashes(stack: Stack) -> tuple[str, str | None]:
    async with stack.db.snapshot() as session:
        row = (
            await session.execute(text("SELECT token_hash, previous_token_hash FROM fleet.customers"))
        ).one()
    return row[0], row[1]


async def test_a_token_is_shown_once_and_stored_as_its_hash(admin_stack: Stack) -> None:
    issued = await customers.register(admin_stack, "ACME", "Acme Ltd")
    assert len(issued.token) == 64
    assert await _hashes(admin_stack) == (token_hash(issued.token), None)
    [line] = await customers.list_customers(admin_stack)
    assert (line.code, line.name, line.is_active, line.last_seen_at) == ("ACME", "Acme Ltd", True, None)


async def test_a_rotation_keeps_one_previous_token_for_the_grace_window(
    admin_stack: Stack, clock: Clock
) -> None:
    first = await customers.register(admin_stack, "ACME", "Acme Ltd")
    second = await customers.rotate(admin_stack, first.id)
    assert await _hashes(admin_stack) == (token_hash(second.token), token_hash(first.token))
    line = await customers.get_customer(admin_stack, first.id)
    assert line.previous_token_expires_at == clock.now + timedelta(hours=24)
    third = await customers.rotate(admin_stack, first.id, grace_hours=1)
    assert await _hashes(admin_stack) == (token_hash(third.token), token_hash(second.token))


async def test_a_zero_window_ends_the_old_token_at_once(admin_stack: Stack) -> None:
    first = await customers.register(admin_stack, "ACME", "Acme Ltd")
    second = await customers.rotate(admin_stack, first.id, grace_hours=0)
    assert await _hashes(admin_stack) == (token_hash(second.token), None)


@pytest.mark.parametrize("code", ["", "-acme", "acme-", "a b", "a" * 51, "ümlaut", "a/b"])
async def test_a_code_that_no_host_could_carry_is_refused(admin_stack: Stack, code: str) -> None:
    with pytest.raises(Invalid):
        await customers.register(admin_stack, code, "Name")


async def test_a_code_is_taken_in_whatever_case(admin_stack: Stack) -> None:
    await customers.register(admin_stack, "Acme", "Acme Ltd")
    with pytest.raises(Conflict):
        await customers.register(admin_stack, "ACME", "Another")
    assert await customers.find_customer_id(admin_stack, "aCmE")


async def test_an_unknown_customer_is_not_found(admin_stack: Stack) -> None:
    for call in (
        customers.get_customer(admin_stack, uuid4()),
        customers.rotate(admin_stack, uuid4()),
        customers.set_active(admin_stack, uuid4(), False),
    ):
        with pytest.raises(NotFound):
            await call


@pytest.mark.parametrize("hours", [-1, 721])
async def test_a_grace_window_out_of_range_is_refused(admin_stack: Stack, hours: float) -> None:
    issued = await customers.register(admin_stack, "ACME", "Acme Ltd")
    with pytest.raises(Invalid):
        await customers.rotate(admin_stack, issued.id, hours)
