"""The second factor: set up, asked for, guessed at, lost, and taken away."""

import asyncio
from datetime import timedelta

import pytest
from pyotp.totp import TOTP
from sqlalchemy import text

from portal.core.access import Role
from portal.core.audit import service as audit
from portal.core.audit.acting import acting, of
from portal.core.errors import Conflict, LockedOut, NotFound, Unauthenticated
from portal.core.identity.service import accounts, second_factor, sessions
from portal.core.stack import Stack
from tests.integration.databases import Clock

ALICE, BOB = "alice@example.com", "bob@example.com"
PASSWORD, OTHER = "correct horse battery", "staple of another kind"
HOME, AWAY = "203.0.113.1", "198.51.100.66"


class Person:
    """Somebody with an app on their phone."""

    def __init__(self, stack: Stack, clock: Clock, email: str) -> None:
        self.stack, self.clock, self.email = stack, clock, email
        self.secret = ""
        self.recovery_codes: tuple[str, ...] = ()

    def code(self, *, steps: int = 0) -> str:
        return TOTP(self.secret).at(self.clock.now, counter_offset=steps)

    async def password(self, address: str = HOME) -> sessions.SignedIn | sessions.CodeWanted:
        return await sessions.sign_in(self.stack, self.email, PASSWORD, address, "Firefox")

    async def sign_in(self, code: str, address: str = HOME) -> sessions.SignedIn:
        wanted = await self.password(address)
        return await sessions.finish_sign_in(self.stack, wanted.token, code, address, "Firefox")

    async def set_up(self) -> sessions.SignedIn:
        here = await self.password()
        assert isinstance(here, sessions.SignedIn)
        self.secret = (await second_factor.begin(self.stack, here.actor, PASSWORD)).secret
        self.recovery_codes = await second_factor.confirm(self.stack, here.actor, self.code(), here.token)
        self.clock.advance(seconds=60)  # the code of the set-up is used up
        return here


@pytest.fixture
async def stack(client_stack: Stack) -> Stack:
    await accounts.add_user(client_stack, ALICE, Role.ADMIN, PASSWORD)
    await accounts.add_user(client_stack, BOB, Role.USER, PASSWORD)
    return client_stack


@pytest.fixture
async def bob(stack: Stack, clock: Clock) -> Person:
    person = Person(stack, clock, BOB)
    await person.set_up()
    return person


async def test_the_password_alone_opens_nothing(stack: Stack, bob: Person) -> None:
    wanted = await bob.password()
    assert isinstance(wanted, sessions.CodeWanted)
    assert await sessions.session_actor(stack, wanted.token) is None
    signed_in = await sessions.finish_sign_in(stack, wanted.token, bob.code())
    assert await sessions.session_actor(stack, signed_in.token) == signed_in.actor
    with pytest.raises(NotFound):
        await sessions.finish_sign_in(stack, wanted.token, bob.code(steps=1))


async def test_nothing_is_asked_for_before_the_set_up_is_confirmed(stack: Stack, clock: Clock) -> None:
    bob = Person(stack, clock, BOB)
    here = await bob.password()
    assert isinstance(here, sessions.SignedIn)
    with pytest.raises(Unauthenticated):
        await second_factor.begin(stack, here.actor, OTHER)
    bob.secret = (await second_factor.begin(stack, here.actor, PASSWORD)).secret
    assert isinstance(await bob.password(), sessions.SignedIn)
    for code in ("000000", "", "12345", "١٢٣٤٥٦", "zwölf"):
        with pytest.raises(Unauthenticated):
            await second_factor.confirm(stack, here.actor, code, here.token)
    clock.advance(minutes=15)
    with pytest.raises(NotFound):
        await second_factor.confirm(stack, here.actor, bob.code(), here.token)
    assert not (await second_factor.status(stack, here.actor)).is_on


async def test_turning_it_on_ends_every_other_session(stack: Stack, clock: Clock) -> None:
    bob = Person(stack, clock, BOB)
    other = await bob.password(AWAY)
    here = await bob.set_up()
    assert await sessions.session_actor(stack, other.token) is None
    assert await sessions.session_actor(stack, here.token) is not None
    with pytest.raises(Conflict):
        await second_factor.begin(stack, here.actor, PASSWORD)


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_clock_may_be_half_a_minute_off(bob: Person, steps: int) -> None:
    assert await bob.sign_in(bob.code(steps=steps))


@pytest.mark.parametrize("steps", [-2, 2])
async def test_a_clock_may_not_be_further_off(bob: Person, steps: int) -> None:
    with pytest.raises(Unauthenticated):
        await bob.sign_in(bob.code(steps=steps))


async def test_a_code_works_once_and_so_do_those_before_it(bob: Person) -> None:
    await bob.sign_in(bob.code(steps=1))
    for steps in (-1, 0, 1):
        with pytest.raises(Unauthenticated):
            await bob.sign_in(bob.code(steps=steps))


async def test_a_code_opens_one_session_however_many_ask_at_once(stack: Stack, bob: Person) -> None:
    waiting = [await bob.password() for _ in range(4)]
    made = await asyncio.gather(
        *(sessions.finish_sign_in(stack, one.token, bob.code()) for one in waiting), return_exceptions=True
    )
    assert sum(isinstance(one, sessions.SignedIn) for one in made) == 1


async def test_a_recovery_code_works_once_however_it_is_typed(bob: Person) -> None:
    typed = f" {bob.recovery_codes[0].lower().replace('-', ' ')} "
    assert await bob.sign_in(typed)
    with pytest.raises(Unauthenticated):
        await bob.sign_in(bob.recovery_codes[0])
    signed_in = await bob.sign_in(bob.recovery_codes[1])
    assert (await second_factor.status(bob.stack, signed_in.actor)).codes_left == len(bob.recovery_codes) - 2


async def test_guesses_at_the_code_are_counted_whatever_the_password_does(bob: Person) -> None:
    """The right password in between gives no new guesses."""
    for _ in range(4):
        with pytest.raises(Unauthenticated):
            await bob.sign_in("000000", AWAY)
    with pytest.raises(LockedOut):
        await bob.sign_in("000000", AWAY)
    with pytest.raises(LockedOut):
        await bob.password(AWAY)
    assert await bob.sign_in(bob.code())


async def test_the_right_password_alone_closes_nothing(bob: Person) -> None:
    for _ in range(12):
        await bob.password()
    assert await bob.sign_in(bob.code())


async def test_guesses_at_the_code_from_many_addresses_close_the_second_step(bob: Person) -> None:
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await bob.sign_in("000000", f"198.51.100.{number}")
    with pytest.raises(LockedOut) as closed:
        await bob.sign_in(bob.code(), "192.0.2.200")
    assert closed.value.until - bob.clock.now == timedelta(hours=1)
    bob.clock.advance(hours=1)
    assert await bob.sign_in(bob.code(), "192.0.2.200")


async def test_a_log_in_waits_for_its_code_five_minutes(stack: Stack, bob: Person) -> None:
    wanted = await bob.password()
    bob.clock.advance(minutes=5)
    with pytest.raises(NotFound):
        await sessions.finish_sign_in(stack, wanted.token, bob.code())


@pytest.mark.parametrize("act", ["password", "deactivated", "reset"])
async def test_what_happens_to_the_account_ends_a_log_in_that_waits(
    stack: Stack, bob: Person, act: str
) -> None:
    here = await bob.sign_in(bob.code())
    bob.clock.advance(minutes=1)
    wanted = await bob.password()
    if act == "password":
        await accounts.change_password(stack, here.actor, PASSWORD, OTHER)
    elif act == "deactivated":
        await accounts.set_active(stack, here.actor.id, is_active=False)
    else:
        await second_factor.reset(stack, here.actor.id)
    with pytest.raises(NotFound):
        await sessions.finish_sign_in(stack, wanted.token, bob.code())


async def test_a_link_to_set_the_password_is_no_way_around_it(stack: Stack, bob: Person) -> None:
    here = await bob.sign_in(bob.code())
    link = await accounts.renew_link(stack, here.actor.id)
    await accounts.set_password(stack, link.token, PASSWORD)
    assert isinstance(await bob.password(), sessions.CodeWanted)


async def test_changing_the_password_keeps_this_browser_signed_in(stack: Stack, bob: Person) -> None:
    here = await bob.sign_in(bob.code())
    token = await accounts.change_password(stack, here.actor, PASSWORD, OTHER)
    assert await sessions.session_actor(stack, token) == here.actor
    assert await sessions.session_actor(stack, here.token) is None


async def test_turning_it_off_needs_the_password_and_a_code(stack: Stack, bob: Person) -> None:
    here = await bob.sign_in(bob.code())
    bob.clock.advance(minutes=1)
    for password, code in ((OTHER, bob.code()), (PASSWORD, "000000"), (PASSWORD, "")):
        with pytest.raises(Unauthenticated):
            await second_factor.turn_off(stack, here.actor, password, code, here.token)
    await second_factor.turn_off(stack, here.actor, PASSWORD, bob.recovery_codes[0], here.token)
    assert await sessions.session_actor(stack, here.token) is not None
    assert isinstance(await bob.password(), sessions.SignedIn)


async def test_guesses_from_an_open_page_are_counted_too(stack: Stack, bob: Person) -> None:
    here = await bob.sign_in(bob.code())
    with acting(of(here.actor, HOME)):
        for _ in range(5):
            with pytest.raises(Unauthenticated):
                await accounts.change_password(stack, here.actor, OTHER, "another one, longer")
        with pytest.raises(LockedOut):
            await accounts.change_password(stack, here.actor, PASSWORD, OTHER)


async def test_new_recovery_codes_make_the_old_ones_void(stack: Stack, bob: Person) -> None:
    here = await bob.sign_in(bob.code())
    bob.clock.advance(minutes=1)
    fresh = await second_factor.renew_recovery_codes(stack, here.actor, PASSWORD, bob.code())
    with pytest.raises(Unauthenticated):
        await bob.sign_in(bob.recovery_codes[0])
    assert await bob.sign_in(fresh[0])


async def test_an_admin_takes_it_away_and_every_session_with_it(stack: Stack, bob: Person) -> None:
    here = await bob.sign_in(bob.code())
    alice = await sessions.sign_in(stack, ALICE, PASSWORD)
    assert isinstance(alice, sessions.SignedIn)
    [line] = [line for line in await accounts.list_users(stack) if line.email == BOB]
    assert line.has_second_factor
    with acting(of(alice.actor, HOME)):
        await second_factor.reset(stack, here.actor.id)
        with pytest.raises(Conflict):
            await second_factor.reset(stack, here.actor.id)
    assert await sessions.session_actor(stack, here.token) is None
    assert isinstance(await bob.password(), sessions.SignedIn)
    [event] = [e for e in await audit.list_events(stack) if e.action == "user.second_factor_reset"]
    assert (event.actor_name, event.subject, event.address) == (ALICE, BOB, HOME)


async def test_the_command_line_takes_it_away_by_address(stack: Stack, bob: Person) -> None:
    await second_factor.reset(stack, f" {BOB.upper()} ")
    assert isinstance(await bob.password(), sessions.SignedIn)
    with pytest.raises(NotFound):
        await second_factor.reset(stack, "nobody@example.com")


async def test_a_lost_key_leaves_the_recovery_codes(stack: Stack, bob: Person) -> None:
    async with stack.db.transaction() as session:
        await session.execute(text("UPDATE app.second_factors SET sealed_secret = 'of another key'"))
    with pytest.raises(Unauthenticated):
        await bob.sign_in(bob.code())
    assert await bob.sign_in(bob.recovery_codes[0])


async def test_the_database_and_the_trail_hold_no_secret_of_it(stack: Stack, bob: Person) -> None:
    code = bob.code()
    await bob.sign_in(code)
    await bob.sign_in(bob.recovery_codes[0])
    async with stack.db.snapshot() as session:
        stored = [
            str((await session.execute(text(f"SELECT * FROM app.{table}"))).all())
            for table in ("second_factors", "recovery_codes", "login_steps", "audit_events", "login_attempts")
        ]
    plain = [one.replace("-", "") for one in bob.recovery_codes]
    assert not [s for s in (bob.secret, code, *bob.recovery_codes, *plain) if s in "".join(stored)]


async def test_the_trail_tells_the_whole_story(stack: Stack, bob: Person) -> None:
    with pytest.raises(Unauthenticated):
        await bob.sign_in("000000")
    here = await bob.sign_in(bob.recovery_codes[0])
    with acting(of(here.actor, HOME)):
        await second_factor.turn_off(stack, here.actor, PASSWORD, bob.recovery_codes[1], here.token)
    told = [
        (e.action, e.detail) for e in reversed(await audit.list_events(stack, limit=100)) if e.subject == BOB
    ]
    assert told[-5:] == [
        ("login.code_wanted", ""),
        ("login.failed", "code"),
        ("login.code_wanted", ""),
        ("login.succeeded", "with a recovery code, 7 left"),
        ("user.second_factor_off", ""),
    ]
