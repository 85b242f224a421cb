"""How answers travel: in gzip where asked, in few bytes to a board, to pages of other origins only where allowed."""

import gzip

import httpx
import pytest

from fleet_ingest.app import build_app
from portal.core.settings import load_settings
from portal.core.sites.service.devices import IssuedDevice
from tests.integration.fleet_ingest.api import Api, Caller


@pytest.mark.parametrize(
    ("asked", "is_squeezed"),
    [("gzip", True), ("*", True), ("br, gzip;q=0.2", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
async def test_a_long_answer_is_squeezed_where_asked(call: Caller, asked: str, *, is_squeezed: bool) -> None:
    url = "/api/openapi.json"
    async with call.api.http.stream("GET", url, headers={"Accept-Encoding": asked}) as answer:
        body = b"".join([part async for part in answer.aiter_raw()])
    assert (answer.headers.get("content-encoding") == "gzip") == is_squeezed
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(body)
    plain = gzip.decompress(body) if is_squeezed else body
    assert plain == (await call("GET", url, headers={"Accept-Encoding": ""})).content


async def test_a_board_is_answered_in_few_bytes(client_api: Api, device: IssuedDevice) -> None:
    posted = await client_api.post_readings(
        device.token, [{"time": "2026-05-18T08:00:00Z", "activePowerKw": 1}], **{"Accept-Encoding": "gzip"}
    )
    assert not {"content-encoding", "vary", "access-control-allow-origin"} & set(posted.headers)
    assert sum(len(name) + len(value) + 4 for name, value in posted.headers.items()) < 150


async def test_a_refused_credential_names_the_scheme(client_api: Api, admin_api: Api) -> None:
    for api, method, path, scheme in (
        (client_api, "GET", "/api/sites", "Bearer"),
        (client_api, "POST", "/api/ingest/measurements", "Bearer"),
        (admin_api, "POST", "/api/fleet/ingest", "X-Customer-Token"),
        (admin_api, "GET", "/api/fleet/reconcile", "X-Customer-Token"),
        (admin_api, "GET", "/api/admin/customers", "Bearer"),
    ):
        answer = await api.http.request(method, path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, scheme), path


DASHBOARD = "https://dashboard.example.com"
PREFLIGHT = {
    "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization, if-match",
}  # fmt: skip


def of_another_origin(api: Api, allowed: str) -> httpx.AsyncClient:
    app = build_app(load_settings({"Application__AllowedOrigins": allowed}), api.stack)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example")


async def test_no_page_of_another_origin_is_let_in_by_itself(call: Caller) -> None:
    site = f"/api/admin/sites/{(await call.made('/api/admin/sites', {'name': 'Mill'}))['id']}"
    for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = await call(method, site, headers=headers | {"Origin": DASHBOARD})
        assert [name for name in answer.headers if name.startswith("access-control")] == []
        assert "origin" not in answer.headers.get("vary", "").lower()


async def test_a_setting_lets_pages_of_other_origins_in(
    client_api: Api, call: Caller, device: IssuedDevice
) -> None:
    site = f"/api/admin/sites/{(await call.made('/api/admin/sites', {'name': 'Mill'}))['id']}"
    async with of_another_origin(client_api, f"{DASHBOARD}, https://other.example:8443") as http:
        asked = await http.options(site, headers=PREFLIGHT | {"Origin": DASHBOARD})
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == DASHBOARD
        assert "PATCH" in asked.headers["access-control-allow-methods"]
        answer = await http.get(site, headers=call.key | {"Origin": DASHBOARD})
        assert answer.headers["access-control-allow-origin"] == DASHBOARD
        assert "ETag" in answer.headers["access-control-expose-headers"]
        assert "origin" in answer.headers["vary"].lower()
        refused = await http.get(site, headers={"Origin": DASHBOARD})  # it can read why
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, DASHBOARD)
        for origin in (
            "https://evil.example",
            f"{DASHBOARD}.evil.example",
            "null",
            "http://dashboard.example.com",
        ):
            for method, headers in (("GET", call.key), ("OPTIONS", PREFLIGHT)):
                answer = await http.request(method, site, headers=headers | {"Origin": origin})
                assert "access-control-allow-origin" not in answer.headers, origin
        assert "access-control-allow-credentials" not in {*asked.headers, *answer.headers}
        board = await http.post(
            "/api/ingest/measurements", json=[],
            headers={"Authorization": f"Bearer {device.token}", "Origin": DASHBOARD},
        )  # fmt: skip
        assert {
            name for name in board.headers if name.startswith("access-control") or name == "vary"
        } == set()


async def test_every_origin_may_be_let_in_and_never_with_a_cookie(client_api: Api, call: Caller) -> None:
    async with of_another_origin(client_api, "*") as http:
        answer = await http.get("/api/sites", headers=call.key | {"Origin": DASHBOARD})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
