"""Two customers and the Admin on three hosts behind one Traefik: each gets what is its own, and Grafana is guarded."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import ALICE, BOB, OLGA, Visitor
from tests.e2e.front_proxy import FrontProxy, Site, before, stand_in
from tests.e2e.running import PASSWORD, RunningStack

Visit = Callable[..., Visitor]
# Browsers find these on the machine itself.
ACME, OTHER, ADMIN = "acme.localhost", "other.localhost", "admin.localhost"
_DOCUMENT = {"Sec-Fetch-Dest": "document", "Accept": "text/html"}


@pytest.fixture(scope="module")
def proxy(
    client_stack: RunningStack,
    narrow_stack: RunningStack,
    admin_stack: RunningStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[FrontProxy]:
    with stand_in() as grafana:
        sites = [
            Site(name, host, {"pages": stack.url, "api": stack.url, "grafana": grafana})
            for name, host, stack in (
                ("acme", ACME, client_stack),
                ("other", OTHER, narrow_stack),
                ("admin", ADMIN, admin_stack),
            )
        ]
        with before(sites, tmp_path_factory.mktemp("traefik")) as running:
            yield running


def sign_in(proxy: FrontProxy, host: str, email: str) -> str:
    """Sign in by what the login page posts, through the proxy."""
    answer = proxy.ask(
        "POST",
        host,
        "/auth/login",
        data={"email": email, "password": PASSWORD},
        headers={"Origin": proxy.url(host)},
    )
    assert answer.status_code == 303, answer.text
    return answer.cookies["portal_session"]


def grafana(proxy: FrontProxy, host: str, session: str = "", **headers: str) -> httpx.Response:
    """Ask for a dashboard of Grafana's."""
    cookie = {"Cookie": f"portal_session={session}; grafana_session=x"} if session else {}
    return proxy.ask("GET", host, "/grafana/d/power-overview", headers=cookie | headers)


def test_each_host_is_its_own_stack(proxy: FrontProxy, admin_stack: RunningStack) -> None:
    assert proxy.ask("GET", ACME, "/health/ready").status_code == 200
    assert proxy.ask("GET", ACME, "/api/fleet/overview").status_code == 404
    assert proxy.ask("GET", ADMIN, "/api/fleet/overview").status_code == 401
    assert proxy.ask("GET", ADMIN, "/api/sites").status_code == 404
    with pytest.raises(httpx.ConnectError):
        proxy.ask("GET", "nobody.localhost", "/")


def test_grafana_is_told_who_it_is_and_gets_no_session(proxy: FrontProxy) -> None:
    session = sign_in(proxy, ACME, BOB)
    answer = grafana(proxy, ACME, session, **{"X-WEBAUTH-USER": ALICE, "X-WEBAUTH-ROLE": "Admin"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    seen = {name.lower(): value for name, value in told["headers"].items()}
    assert told["path"] == "/grafana/d/power-overview"
    assert (seen["x-webauth-user"], seen["x-webauth-role"]) == (BOB, "Viewer")
    assert session not in json.dumps(told)
    assert "cookie" not in seen
    alice = grafana(proxy, ACME, sign_in(proxy, ACME, ALICE)).json()["headers"]
    assert {name.lower(): value for name, value in alice.items()}["x-webauth-role"] == "Editor"


def test_grafana_is_closed_to_everybody_else(proxy: FrontProxy) -> None:
    assert grafana(proxy, ACME).status_code == 401
    assert grafana(proxy, ACME, "0" * 64, **{"X-WEBAUTH-USER": ALICE}).status_code == 401
    bobs, olgas = sign_in(proxy, ACME, BOB), sign_in(proxy, ADMIN, OLGA)
    assert grafana(proxy, ADMIN, olgas).status_code == 200
    # A session of one stack opens nothing of another's.
    for host, session in ((OTHER, bobs), (ADMIN, bobs), (ACME, olgas), (OTHER, olgas)):
        assert grafana(proxy, host, session).status_code in (401, 404), host


def test_who_opens_grafana_without_a_session_is_led_to_the_login_and_back(proxy: FrontProxy) -> None:
    answer = grafana(proxy, ACME, **_DOCUMENT)
    assert answer.status_code == 303
    # Of the address people use, and not of the one at which the proxy asked.
    assert answer.headers["location"] == f"{proxy.url(ACME)}/login?next=%2Fgrafana%2Fd%2Fpower-overview"


def test_a_device_posts_through_the_proxy_and_too_much_is_refused_there(
    proxy: FrontProxy, client_stack: RunningStack
) -> None:
    site = f"Behind {uuid4().hex[:6]}"
    client_stack.command("site", "add", site)
    token = client_stack.command("device", "add", "Meter", "--site", site, "--external-id", site)["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    reading = [{"time": "2026-05-18T08:00:00Z", "activePowerKw": 1.5}]
    taken = proxy.ask("POST", ACME, "/api/ingest/measurements", headers=headers, json=reading)
    assert taken.json()["accepted"] == 1, taken.text
    assert (
        proxy.ask("POST", OTHER, "/api/ingest/measurements", headers=headers, json=reading).status_code == 401
    )
    large = proxy.ask("POST", ACME, "/api/ingest/measurements", headers=headers, content=b"x" * 9_000_000)
    assert large.status_code == 413
    assert proxy.ask("GET", ACME, "/", headers={"X-Long": "x" * 40_000}).status_code == 431


def test_a_page_lives_through_a_restart_of_the_proxy(visit: Visit, proxy: FrontProxy) -> None:
    visitor = visit(ignore_https_errors=True)
    visitor.expect_complaints("WebSocket")
    visitor.expect_complaints("ERR_")
    sockets: list[str] = []
    visitor.context.on("page", lambda tab: tab.on("websocket", lambda socket: sockets.append(socket.url)))
    page = visitor.sign_in_by_hand(proxy.url(ACME), BOB)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    assert sockets
    assert all(url.startswith(f"wss://{ACME}:{proxy.port}/_event") for url in sockets)
    before_restart = len(sockets)
    proxy.stop()
    page.wait_for_timeout(500)
    proxy.start()
    if len(sockets) == before_restart:
        page.wait_for_event("websocket", timeout=60_000)
    # It is the page that was open, alive again: it answers to what is clicked.
    page.get_by_role("link", name="Cost").first.click()
    expect(page.get_by_text("Total").first).to_be_visible(timeout=60_000)


def test_the_proxys_log_has_no_secret(proxy: FrontProxy) -> None:
    session = sign_in(proxy, ACME, BOB)
    proxy.ask("GET", ACME, "/cost?page=a-number-of-a-tab", headers={"Cookie": f"portal_session={session}"})
    written = Path(proxy.directory / "traefik.log").read_text(errors="replace")
    assert "a-number-of-a-tab" not in written
    assert session not in written


def test_a_page_shows_grafanas_dashboard_once_it_is_asked_for(
    visit: Visit, proxy: FrontProxy, client_stack: RunningStack
) -> None:
    site = f"Shown {uuid4().hex[:6]}"
    client_stack.command("site", "add", site)
    client_stack.command("device", "add", "Meter", "--site", site, "--external-id", site)
    page = visit(ignore_https_errors=True).sign_in_by_hand(proxy.url(ACME), ALICE)
    words = "Every quantity, in Grafana"
    page.get_by_text(words).click()
    shown = page.frame_locator(f'iframe[title="{words}"]').locator("body")
    expect(shown).to_contain_text("/grafana/d/power-overview")
    expect(shown).to_contain_text(ALICE)
