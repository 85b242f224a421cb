"""People under an admin's hands: links, passwords, roles, and what each of it does to open sessions."""

import asyncio
from datetime import timedelta

import pytest
from passlib.hash import argon2
from sqlalchemy import text

from portal.core.access import Actor, Role
from portal.core.audit import service as audit
from portal.core.audit.acting import acting, of
from portal.core.database.migrations import migrate
from portal.core.errors import Conflict, Invalid, LockedOut, NotFound, Unauthenticated
from portal.core.identity.secrets import passwords
from portal.core.identity.service import accounts, sessions
from portal.core.settings import RunMode
from portal.core.stack import Stack
from tests.integration.databases import Clock, downgrade

ALICE, BOB, CHARLIE = "alice@example.com", "bob@example.com", "charlie@example.com"
PASSWORD, OTHER = "correct horse battery", "staple of another kind"


@pytest.fixture
async def stack(client_stack: Stack) -> Stack:
    await accounts.add_user(client_stack, ALICE, Role.ADMIN, PASSWORD)
    await accounts.add_user(client_stack, BOB, Role.USER, PASSWORD)
    return client_stack


async def _signed_in(stack: Stack, email: str, address: str = "203.0.113.1") -> sessions.SignedIn:
    return await sessions.sign_in(stack, email, PASSWORD, address, "Firefox")


async def _fail(stack: Stack, email: str, address: str) -> type[Exception]:
    with pytest.raises(Unauthenticated) as refused:
        await sessions.sign_in(stack, email, "not the password", address)
    return refused.type


def _count_checks(monkeypatch: pytest.MonkeyPatch, right: str = "") -> list[str]:
    """Check no password for real, which takes 0.1 s; each one that is checked is in the list."""
    checked: list[str] = []

    async def verify(password: str, _: str | None) -> tuple[bool, str | None]:
        checked.append(password)
        await asyncio.sleep(0.01)
        return password == right, None

    monkeypatch.setattr(passwords, "verify", verify)
    return checked


async def test_a_stranger_cannot_lock_somebody_out(stack: Stack) -> None:
    """Whoever hammers an account closes it to themselves; its owner elsewhere gets in."""
    for _ in range(5):
        last = await _fail(stack, ALICE, "198.51.100.66")
    assert last is LockedOut
    assert (await _signed_in(stack, ALICE)).actor.email == ALICE
    with pytest.raises(LockedOut):
        await _signed_in(stack, ALICE, "198.51.100.66")


async def test_guesses_from_many_addresses_close_an_account_for_a_minute_but_not_to_its_owner(
    stack: Stack, clock: Clock
) -> None:
    await _signed_in(stack, ALICE, "203.0.113.1")
    for number in range(100):
        await _fail(stack, ALICE, f"198.51.100.{number}")
    with pytest.raises(LockedOut) as closed:
        await _signed_in(stack, ALICE, "192.0.2.200")
    assert (closed.value.until - clock.now).total_seconds() == 60
    assert await _signed_in(stack, ALICE, "203.0.113.1")
    clock.advance(minutes=1)
    assert await _signed_in(stack, ALICE, "192.0.2.200")


async def test_one_password_tried_on_many_accounts_closes_the_address(stack: Stack) -> None:
    for number in range(50):
        await _fail(stack, f"person{number}@example.com", "198.51.100.7")
    with pytest.raises(LockedOut):
        await _signed_in(stack, BOB, "198.51.100.7")
    assert await _signed_in(stack, BOB, "198.51.100.8")


async def test_many_attempts_at_once_get_no_more_guesses(stack: Stack) -> None:
    results = await asyncio.gather(
        *(sessions.sign_in(stack, BOB, f"guess {n}", "198.51.100.7") for n in range(12)),
        return_exceptions=True,
    )
    tried = await audit.list_events(stack, topic="login", limit=100)
    assert sum(event.action == "login.failed" for event in tried) == 5
    assert sum(isinstance(result, LockedOut) for result in results) == 8


async def test_a_burst_on_many_accounts_has_as_many_looked_at_as_the_address_may_fail(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = _count_checks(monkeypatch)
    results = await asyncio.gather(
        *(sessions.sign_in(stack, f"person{n}@example.com", "guess", "198.51.100.7") for n in range(100)),
        return_exceptions=True,
    )
    assert len(looked_at) == 50
    assert all(isinstance(result, Unauthenticated) for result in results)
    with pytest.raises(LockedOut):
        await _signed_in(stack, BOB, "198.51.100.7")
    assert len(looked_at) == 50


async def test_a_burst_from_many_addresses_has_as_many_looked_at_as_the_account_may_fail(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = _count_checks(monkeypatch)
    await asyncio.gather(
        *(sessions.sign_in(stack, BOB, "guess", f"198.51.{n}.1") for n in range(120)), return_exceptions=True
    )
    assert len(looked_at) == 100


async def test_right_passwords_at_once_close_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty people behind one router at the start of a shift, one of whom mistypes."""
    _count_checks(monkeypatch, right="theirs")
    for number in range(50):
        await accounts.add_user(stack, f"person{number}@example.com", Role.USER, PASSWORD)
    words = ["mistyped", *["theirs"] * 49]
    results = await asyncio.gather(
        *(
            sessions.sign_in(stack, f"person{n}@example.com", word, "198.51.100.7")
            for n, word in enumerate(words)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, sessions.SignedIn) for result in results) == 49
    assert await sessions.sign_in(stack, BOB, "theirs", "198.51.100.7")


async def test_an_address_that_is_closed_leaves_nothing_behind_in_the_database(stack: Stack) -> None:
    for number in range(50):
        await _fail(stack, f"person{number}@example.com", "198.51.100.7")
    count = "SELECT (SELECT count(*) FROM app.login_attempts) + (SELECT count(*) FROM app.audit_events)"
    async with stack.db.snapshot() as session:
        before = await session.scalar(text(count))
    for number in range(5):
        await _fail(stack, f"another{number}@example.com", "198.51.100.7")
    async with stack.db.snapshot() as session:
        assert await session.scalar(text(count)) == before


@pytest.mark.parametrize("typed", ["*", "codes", " ANY ACCOUNT", "any account", " any account ", "\x00*"])
async def test_nothing_that_can_be_typed_is_the_count_of_all_accounts(stack: Stack, typed: str) -> None:
    """Three log-ins as `*` once closed the address to everybody."""
    for _ in range(8):
        await _fail(stack, typed, "198.51.100.7")
    assert await _signed_in(stack, BOB, "198.51.100.7")


async def test_closures_of_the_earlier_release_outlive_the_upgrade(stack: Stack, clock: Clock) -> None:
    await _signed_in(stack, ALICE, "203.0.113.1")
    await downgrade(stack.db, RunMode.CLIENT, "shared_0004")
    rows = [
        ("*", "198.51.100.7", 0, clock.now + timedelta(minutes=15)),
        ("*", "198.51.100.8", 49, None),
        (ALICE, "*", 0, clock.now + timedelta(minutes=1)),
        (BOB, "codes", 19, None),
        ("*", "*", 99, None),
    ]
    async with stack.db.transaction() as session:
        for email, address, failures, until in rows:
            await session.execute(
                text(
                    "INSERT INTO app.login_attempts VALUES (:e, :a, :f, :now, :until) ON CONFLICT (email, address) "
                    "DO UPDATE SET failures = excluded.failures, closed_until = excluded.closed_until"
                ),
                {"e": email, "a": address, "f": failures, "now": clock.now, "until": until},
            )
    await migrate(stack.db, RunMode.CLIENT)
    with pytest.raises(LockedOut):
        await _signed_in(stack, BOB, "198.51.100.7")
    await _fail(stack, BOB, "198.51.100.8")
    with pytest.raises(LockedOut):
        await _signed_in(stack, BOB, "198.51.100.8")
    with pytest.raises(LockedOut):
        await _signed_in(stack, ALICE, "192.0.2.200")
    assert await _signed_in(stack, ALICE, "203.0.113.1")
    with pytest.raises(LockedOut):
        await _signed_in(stack, ALICE, "192.0.2.200")
    assert await _signed_in(stack, BOB, "192.0.2.200")
    async with stack.db.snapshot() as session:
        kept = await session.scalars(text("SELECT email FROM app.login_attempts"))
    assert "*" not in set(kept)


async def test_an_unknown_account_closes_like_a_known_one(stack: Stack) -> None:
    known = [await _fail(stack, BOB, "198.51.100.1") for _ in range(6)]
    unknown = [await _fail(stack, "nobody@example.com", "198.51.100.2") for _ in range(6)]
    assert known == unknown


async def test_a_hash_with_old_parameters_is_renewed_at_log_in(
    stack: Stack, hashes_of_production: None
) -> None:
    weak = argon2.using(memory_cost=1024, rounds=1, parallelism=1).hash(PASSWORD)
    async with stack.db.transaction() as session:
        await session.execute(
            text("UPDATE app.users SET password_hash = :hash WHERE email = :email"),
            {"hash": weak, "email": BOB},
        )
    await _signed_in(stack, BOB)
    async with stack.db.snapshot() as session:
        stored = await session.scalar(
            text("SELECT password_hash FROM app.users WHERE email = :e"), {"e": BOB}
        )
    assert "m=65536,t=2,p=1" in str(stored)
    assert await _signed_in(stack, BOB)


async def test_a_link_sets_a_password_once(stack: Stack) -> None:
    link = await accounts.invite_user(stack, CHARLIE, Role.USER)
    with pytest.raises(Unauthenticated):
        await sessions.sign_in(stack, CHARLIE, "")
    with pytest.raises(Invalid):
        await accounts.set_password(stack, link.token, "short")
    assert await accounts.set_password(stack, link.token, PASSWORD) == CHARLIE
    assert (await _signed_in(stack, CHARLIE)).actor.role is Role.USER
    with pytest.raises(Unauthenticated):
        await accounts.set_password(stack, link.token, OTHER)


async def test_a_link_ends_by_time_by_the_next_one_and_by_deactivation(stack: Stack, clock: Clock) -> None:
    old = await accounts.invite_user(stack, CHARLIE, Role.USER)
    fresh = await accounts.renew_link(stack, old.id)
    with pytest.raises(Unauthenticated):
        await accounts.set_password(stack, old.token, PASSWORD)
    clock.advance(days=3)
    with pytest.raises(Unauthenticated):
        await accounts.set_password(stack, fresh.token, PASSWORD)
    last = await accounts.renew_link(stack, old.id)
    await accounts.set_active(stack, old.id, is_active=False)
    with pytest.raises(Unauthenticated):
        await accounts.set_password(stack, last.token, PASSWORD)
    with pytest.raises(Conflict):
        await accounts.renew_link(stack, old.id)


async def test_a_new_password_ends_every_session(stack: Stack) -> None:
    here, there = await _signed_in(stack, BOB), await _signed_in(stack, BOB, "192.0.2.9")
    with pytest.raises(Unauthenticated):
        await accounts.change_password(stack, here.actor, OTHER, "a third one, longer")
    await accounts.change_password(stack, here.actor, PASSWORD, OTHER)
    for token in (here.token, there.token):
        assert await sessions.session_actor(stack, token) is None
    assert (await sessions.sign_in(stack, BOB, OTHER)).actor.email == BOB


@pytest.mark.parametrize("act", ["role", "deactivate", "link"])
async def test_what_an_admin_does_to_a_person_ends_their_sessions_and_nobody_elses(
    stack: Stack, act: str
) -> None:
    alice, bob = await _signed_in(stack, ALICE), await _signed_in(stack, BOB)
    if act == "role":
        await accounts.set_role(stack, bob.actor.id, Role.ADMIN)
    elif act == "deactivate":
        await accounts.set_active(stack, bob.actor.id, is_active=False)
    else:
        link = await accounts.renew_link(stack, bob.actor.id)
        assert await sessions.session_actor(stack, bob.token) is not None
        await accounts.set_password(stack, link.token, OTHER)
    assert await sessions.session_actor(stack, bob.token) is None
    assert await sessions.session_actor(stack, alice.token) is not None


async def test_the_last_admin_stays_one(stack: Stack) -> None:
    alice_id, bob_id = [(await _signed_in(stack, email)).actor.id for email in (ALICE, BOB)]
    for attempt in (
        accounts.set_role(stack, alice_id, Role.USER),
        accounts.set_active(stack, alice_id, is_active=False),
    ):
        with pytest.raises(Conflict):
            await attempt
    await accounts.set_role(stack, bob_id, Role.ADMIN)
    results = await asyncio.gather(
        accounts.set_role(stack, alice_id, Role.USER),
        accounts.set_role(stack, bob_id, Role.USER),
        return_exceptions=True,
    )
    assert [type(result) for result in results if result] == [Conflict]
    admins = [line for line in await accounts.list_users(stack) if line.role is Role.ADMIN]
    assert len(admins) == 1


async def test_a_person_sees_and_ends_their_own_sessions_only(stack: Stack) -> None:
    here, there = await _signed_in(stack, BOB), await _signed_in(stack, BOB, "192.0.2.9")
    alice = await _signed_in(stack, ALICE)
    lines = await sessions.list_sessions(stack, here.actor, here.token)
    assert {(line.address, line.agent, line.is_current) for line in lines} == {
        ("203.0.113.1", "Firefox", True),
        ("192.0.2.9", "Firefox", False),
    }
    [other] = [line for line in lines if not line.is_current]
    with pytest.raises(NotFound):
        await sessions.end_session(stack, alice.actor, other.id)
    await sessions.end_session(stack, here.actor, other.id)
    assert await sessions.session_actor(stack, there.token) is None
    assert await sessions.end_other_sessions(stack, here.actor, here.token) == 0
    assert await sessions.session_actor(stack, here.token) is not None


async def test_an_open_page_alone_does_not_keep_a_session(stack: Stack, clock: Clock) -> None:
    left_open = await _signed_in(stack, BOB)
    for _ in range(3):
        clock.advance(hours=5)
        seen = await sessions.session_actor(stack, left_open.token, is_use=False)
    assert seen is None


async def test_the_trail_says_who_when_and_from_where(stack: Stack) -> None:
    alice = await _signed_in(stack, ALICE)
    with acting(of(alice.actor, "203.0.113.1")):
        await accounts.invite_user(stack, CHARLIE, Role.ADMIN)
    await _fail(stack, BOB, "198.51.100.7")
    failed, added, signed_in, *_ = await audit.list_events(stack)
    assert (failed.action, failed.actor_kind, failed.subject, failed.address) == (
        "login.failed",
        "anonymous",
        BOB,
        "198.51.100.7",
    )
    assert (added.action, added.actor_name, added.subject, added.detail) == (
        "user.added",
        ALICE,
        CHARLIE,
        "as admin",
    )
    assert (signed_in.action, signed_in.actor_name, signed_in.address) == (
        "login.succeeded",
        ALICE,
        "203.0.113.1",
    )
    assert [event.id for event in await audit.list_events(stack, before_id=failed.id, limit=1)] == [added.id]
    assert {event.action for event in await audit.list_events(stack, topic="user")} == {"user.added"}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE app.audit_events SET subject = ''", "DELETE FROM app.audit_events", "TRUNCATE app.audit_events"],
)
async def test_the_trail_cannot_be_changed_or_emptied(stack: Stack, statement: str) -> None:
    before = await audit.list_events(stack)
    with pytest.raises(Exception, match="append-only"):
        async with stack.db.transaction() as session:
            await session.execute(text(statement))
    assert await audit.list_events(stack) == before


async def test_no_secret_is_in_the_trail(stack: Stack) -> None:
    bob = await _signed_in(stack, BOB)
    link = await accounts.invite_user(stack, CHARLIE, Role.USER)
    await accounts.change_password(stack, Actor(bob.actor.id, BOB, Role.USER), PASSWORD, OTHER)
    written = repr(await audit.list_events(stack))
    assert not any(secret in written for secret in (PASSWORD, OTHER, bob.token, link.token))


async def test_a_session_is_recognised_again_after_the_database_closed_every_connection(stack: Stack) -> None:
    bob = await _signed_in(stack, BOB)
    assert await sessions.session_actor(stack, bob.token) == bob.actor
    async with stack.db.transaction() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name LIKE '%-sessions'"
            )
        )
    await asyncio.sleep(0.2)
    assert await sessions.session_actor(stack, bob.token) == bob.actor
