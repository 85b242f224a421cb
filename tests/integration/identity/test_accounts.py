"""Log-ins: what opens a session, what ends it, and what a wrong password costs."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.core.access import Role, Scope
from portal.core.errors import Conflict, Invalid, LockedOut, NotFound, Unauthenticated
from portal.core.identity.service import accounts, api_keys, sessions
from portal.core.settings import DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_PASSWORD
from portal.core.stack import Stack
from tests.integration.databases import Clock

ALICE = "alice@example.com"
PASSWORD = "correct horse battery"


@pytest.fixture
async def stack(client_stack: Stack) -> Stack:
    await accounts.add_user(client_stack, "Alice@Example.com", Role.ADMIN, PASSWORD)
    return client_stack


async def test_a_session_opens_with_the_password_and_ends_at_sign_out(stack: Stack) -> None:
    opened = await sessions.sign_in(stack, " ALICE@example.com ", PASSWORD)
    actor = await sessions.session_actor(stack, opened.token)
    assert actor is not None
    assert (actor.email, actor.role) == (ALICE, Role.ADMIN)
    await sessions.sign_out(stack, opened.token)
    assert await sessions.session_actor(stack, opened.token) is None


async def test_only_hashes_are_stored(stack: Stack) -> None:
    opened = await sessions.sign_in(stack, ALICE, PASSWORD)
    async with stack.db.snapshot() as session:
        stored = await session.scalar(text("SELECT token_hash FROM app.sessions"))
        password_hash = await session.scalar(text("SELECT password_hash FROM app.users"))
    assert opened.token not in str(stored)
    assert str(password_hash).startswith("$argon2id$")


@pytest.mark.parametrize(("email", "password"), [(ALICE, "wrong password"), ("nobody@example.com", PASSWORD)])
async def test_a_wrong_address_and_a_wrong_password_say_the_same(
    stack: Stack, email: str, password: str
) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await sessions.sign_in(stack, email, password)
    assert refused.value.message == "The e-mail address or the password is wrong."


async def test_repeated_failures_close_the_account_for_a_while_only(stack: Stack, clock: Clock) -> None:
    for _ in range(4):
        with pytest.raises(Unauthenticated):
            await sessions.sign_in(stack, ALICE, "wrong")
    with pytest.raises(LockedOut) as closed:
        await sessions.sign_in(stack, ALICE, "wrong")
    assert closed.value.until == clock.now + timedelta(minutes=15)
    with pytest.raises(LockedOut):
        await sessions.sign_in(stack, ALICE, PASSWORD)
    clock.advance(minutes=15)
    assert (await sessions.sign_in(stack, ALICE, PASSWORD)).actor.email == ALICE


async def test_a_session_ends_when_idle_and_lasts_while_in_use(stack: Stack, clock: Clock) -> None:
    used = await sessions.sign_in(stack, ALICE, PASSWORD)
    idle = await sessions.sign_in(stack, ALICE, PASSWORD)
    for _ in range(3):
        clock.advance(hours=8)
        assert await sessions.session_actor(stack, used.token) is not None
    assert await sessions.session_actor(stack, idle.token) is None
    for _ in range(90):
        clock.advance(hours=8)
        still_open = await sessions.session_actor(stack, used.token) is not None
    assert not still_open


async def test_the_first_admin_is_made_once(client_stack: Stack) -> None:
    assert await accounts.ensure_first_admin(client_stack)
    assert not await accounts.ensure_first_admin(client_stack)
    chosen = client_stack.settings.authentication
    password = chosen.default_admin_password.get_secret_value()
    assert (
        await sessions.sign_in(client_stack, chosen.default_admin_email, password)
    ).actor.role is Role.ADMIN


@pytest.mark.parametrize(
    ("email", "password", "error"),
    [
        ("not an address", PASSWORD, Invalid),
        ("bob@example.com", "short", Invalid),
        (ALICE, PASSWORD, Conflict),
    ],
)
async def test_a_poor_account_is_refused(
    stack: Stack, email: str, password: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await accounts.add_user(stack, email, Role.USER, password)


async def test_a_machine_key_opens_until_it_is_revoked(stack: Stack) -> None:
    issued = await api_keys.add_api_key(stack, "reporting")
    actor = await api_keys.api_key_actor(stack, issued.key)
    assert actor is not None
    assert (actor.kind, actor.email) == ("api_key", "reporting")
    assert await api_keys.api_key_actor(stack, issued.key[:-1] + "x") is None
    [line] = await api_keys.list_api_keys(stack)
    assert (line.name, line.scope, line.last_used_at) == ("reporting", Scope.MANAGE, stack.clock())
    await api_keys.revoke_api_key(stack, issued.id)
    assert await api_keys.api_key_actor(stack, issued.key) is None
    assert (await api_keys.add_api_key(stack, "reporting", Scope.READ)).id != issued.id
    with pytest.raises(NotFound):
        await api_keys.revoke_api_key(stack, issued.id)


async def test_the_first_admin_has_the_default_password_until_it_is_changed(client_stack: Stack) -> None:
    """What counts is the account: the setting may be another one by now."""
    assert await accounts.holder_of_default_password(client_stack) is None
    await accounts.ensure_first_admin(client_stack)
    assert await accounts.holder_of_default_password(client_stack) == DEFAULT_ADMIN_EMAIL
    signed_in = await sessions.sign_in(client_stack, DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_PASSWORD)
    assert isinstance(signed_in, sessions.SignedIn)
    await accounts.change_password(client_stack, signed_in.actor, DEFAULT_ADMIN_PASSWORD, PASSWORD)
    assert await accounts.holder_of_default_password(client_stack) is None


async def test_a_deactivated_first_admin_lets_nobody_in(stack: Stack) -> None:
    user_id = await accounts.add_user(stack, DEFAULT_ADMIN_EMAIL, Role.ADMIN, DEFAULT_ADMIN_PASSWORD)
    assert await accounts.holder_of_default_password(stack) == DEFAULT_ADMIN_EMAIL
    await accounts.set_active(stack, user_id, is_active=False)
    assert await accounts.holder_of_default_password(stack) is None
