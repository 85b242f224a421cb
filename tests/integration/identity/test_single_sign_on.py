"""People sign in at a real provider of OpenID Connect, on this machine."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread
from sqlalchemy import text

from portal.auth.routes import auth_app
from portal.core import stack as stacks_module
from portal.core.access import Actor, Role
from portal.core.audit.acting import acting, of
from portal.core.fleet.service import customers, operators
from portal.core.identity.service import accounts, sessions
from portal.core.stack import Stack
from tests.integration.databases import Stacks

_HERE = "http://portal.example"
_PEOPLE = {
    "ada": ("ada@example.com", ["portal-admins"]),
    "olga": ("olga@example.com", ["staff", "customer-ALPHA", "customer-nobody"]),
    "uma": ("Uma@Example.com", ["portal-users"]),
    "eve": ("eve@example.com", ["others"]),
    "max": ("max@example.com", ["portal-admins"]),
}
_GIVEN = {
    "SingleSignOn__ClientId": "portal",
    "SingleSignOn__ClientSecret": "a secret: with signs",
    "SingleSignOn__AdminGroups": "portal-admins",
    "SingleSignOn__UserGroups": "portal-users, helpers",
    "SingleSignOn__CustomerGroupPrefix": "customer-",
}


@pytest.fixture
def issuer() -> Iterator[str]:
    people = [
        User(sub=sub, claims={"email": email, "email_verified": sub != "max", "groups": groups})
        for sub, (email, groups) in _PEOPLE.items()
    ]
    with run_server_in_thread(require_nonce=True, user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@dataclass
class Browser:
    """A browser with cookies: the portal without a network, the provider over one."""

    portal: httpx.AsyncClient
    stack: Stack

    async def begin(self, onward: str = "/customers") -> str:
        """Return the address of the provider that the portal sends it to."""
        answer = await self.portal.get("/auth/sso", params={"next": onward})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def prove(self, address: str, sub: str) -> str:
        """Sign in at the provider; returns the address it sends back to."""
        async with httpx.AsyncClient() as network:
            answer = await network.post(address, data={"sub": sub})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def come_back(self, address: str) -> httpx.Response:
        return await self.portal.get(address)

    async def sign_in(self, sub: str) -> httpx.Response:
        return await self.come_back(await self.prove(await self.begin(), sub))

    async def actor(self) -> Actor | None:
        token = self.portal.cookies.get("portal_session")
        return await sessions.session_actor(self.stack, token) if token else None


@pytest.fixture
async def browser(stacks: Stacks, issuer: str) -> AsyncIterator[Browser]:
    stack = await stacks.admin(SingleSignOn__Issuer=issuer, Application__PublicUrl=_HERE, **_GIVEN)
    await customers.register(stack, "alpha", "Alpha")
    await customers.register(stack, "bravo", "Bravo")
    await accounts.ensure_first_admin(stack)
    stacks_module.install(stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(auth_app()), base_url=_HERE) as portal:
        yield Browser(portal, stack)
    stacks_module.uninstall()


def _problem(answer: httpx.Response) -> str:
    where = urlsplit(answer.headers["location"])
    assert where.path == "/login"
    return parse_qs(where.query)["why"][0]


async def test_groups_say_as_what_somebody_comes_in(browser: Browser) -> None:
    for sub, role, is_limited in (
        ("ada", Role.ADMIN, False),
        ("uma", Role.USER, False),
        ("olga", Role.USER, True),
    ):
        answer = await browser.sign_in(sub)
        assert (answer.status_code, answer.headers["location"]) == (303, "/customers")
        assert "httponly" in answer.headers["set-cookie"].lower()
        actor = await browser.actor()
        assert actor is not None
        assert (actor.email, actor.role, actor.is_limited) == (_PEOPLE[sub][0].lower(), role, is_limited)
        with acting(of(actor)):
            seen = [line.code for line in await customers.list_customers(browser.stack)]
        assert seen == (["alpha"] if is_limited else ["alpha", "bravo"])
    answer = await browser.sign_in("eve")
    assert _problem(answer) == "unauthenticated"
    people = {line.email for line in await accounts.list_users(browser.stack)}
    assert people == {"admin@example.com", "ada@example.com", "uma@example.com", "olga@example.com"}


async def test_somebody_who_comes_again_is_the_same_with_the_groups_of_now(
    browser: Browser,
) -> None:
    await browser.sign_in("olga")
    first = await browser.actor()
    await operators.limit(browser.stack, "olga@example.com", ["bravo"])  # what the groups say holds
    await browser.sign_in("olga")
    again = await browser.actor()
    assert first == again
    assert [each.customers for each in await operators.list_limited(browser.stack)] == [("alpha",)]
    settings = browser.stack.settings
    rules = settings.single_sign_on.model_copy(update={"user_groups": ("staff",)})
    changed = settings.model_copy(update={"single_sign_on": rules})
    stacks_module.install(replace(browser.stack, settings=changed))
    await browser.sign_in("olga")
    now = await browser.actor()
    assert now is not None
    assert first is not None
    assert (now.id, now.is_limited) == (first.id, False)
    assert await operators.list_limited(browser.stack) == ()


async def test_where_groups_say_nothing_of_customers_what_was_set_by_hand_stays(browser: Browser) -> None:
    settings = browser.stack.settings
    rules = settings.single_sign_on.model_copy(update={"customer_group_prefix": ""})
    changed = settings.model_copy(update={"single_sign_on": rules})
    stacks_module.install(replace(browser.stack, settings=changed))
    await browser.sign_in("uma")
    await operators.limit(browser.stack, "uma@example.com", ["alpha"])
    await browser.sign_in("uma")
    actor = await browser.actor()
    assert actor is not None
    assert actor.is_limited
    everybody = await operators.list_operators(browser.stack)
    assert {(line.email, line.customers, line.comes_by_provider) for line in everybody} == {
        ("admin@example.com", None, False),
        ("uma@example.com", ("alpha",), True),
    }


async def test_an_account_with_a_password_is_nobody_elses(browser: Browser) -> None:
    await accounts.add_user(browser.stack, "uma@example.com", Role.ADMIN, "a long enough password")
    assert _problem(await browser.sign_in("uma")) == "conflict"
    assert await browser.actor() is None


async def test_an_address_that_the_provider_does_not_vouch_for_opens_nothing(browser: Browser) -> None:
    assert _problem(await browser.sign_in("max")) == "unauthenticated"


async def test_a_deactivated_account_stays_out(browser: Browser) -> None:
    await browser.sign_in("uma")
    actor = await browser.actor()
    assert actor is not None
    await accounts.set_active(browser.stack, actor.id, is_active=False)
    assert _problem(await browser.sign_in("uma")) == "unauthenticated"


async def test_an_answer_is_for_the_browser_that_asked_and_once(browser: Browser) -> None:
    address = await browser.prove(await browser.begin(), "ada")
    other = httpx.AsyncClient(transport=httpx.ASGITransport(auth_app()), base_url=_HERE)
    async with other:
        assert _problem(await other.get(address)) == "unauthenticated"
    forged = address.replace("state=", "state=x")
    assert _problem(await browser.come_back(forged)) == "unauthenticated"
    address = await browser.prove(await browser.begin(), "ada")
    assert (await browser.come_back(address)).headers["location"] == "/customers"
    assert _problem(await browser.come_back(address)) == "unauthenticated"


async def test_a_token_for_another_log_in_or_another_stack_is_not_believed(
    browser: Browser,
) -> None:
    address = await browser.begin()
    swapped = address.replace("nonce=", "nonce=other")
    assert _problem(await browser.come_back(await browser.prove(swapped, "ada"))) == "unauthenticated"
    swapped = (await browser.begin()).replace("client_id=portal", "client_id=other")
    assert _problem(await browser.come_back(await browser.prove(swapped, "ada"))) == "unauthenticated"


async def test_where_it_leads_stays_here(browser: Browser) -> None:
    address = await browser.prove(await browser.begin("https://elsewhere.example/"), "ada")
    assert (await browser.come_back(address)).headers["location"] == "/"


async def test_without_a_provider_that_answers_a_password_still_works(stacks: Stacks) -> None:
    stack = await stacks.admin(SingleSignOn__Issuer="http://127.0.0.1:9", **_GIVEN)
    stacks_module.install(stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(auth_app()), base_url=_HERE) as portal:
        assert _problem(await portal.get("/auth/sso")) == "unavailable"
    stacks_module.uninstall()


async def test_it_is_on_record(browser: Browser) -> None:
    await browser.sign_in("olga")
    async with browser.stack.db.transaction() as session:
        asked = "SELECT action, subject, detail FROM app.audit_events WHERE subject = 'olga@example.com' ORDER BY id"
        rows = [tuple(row) for row in await session.execute(text(asked))]
    assert rows == [
        ("user.added", "olga@example.com", "as user, by single sign-on"),
        ("user.scope_changed", "olga@example.com", "sees alpha"),
        ("login.succeeded", "olga@example.com", "by single sign-on"),
    ]
