"""What a board's last posts were answered, and why: for those who set it up."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from portal.core.sites.rules.device_posts import KEPT_POSTS, KEPT_REFUSED, KEPT_UNKNOWN, BoardPost
from portal.core.sites.service import device_posts, devices, sites
from portal.core.sites.service.devices import IssuedDevice
from portal.core.values.tokens import token_hash
from tests.integration.databases import Clock
from tests.integration.fleet_ingest.api import Api, Caller


async def _post(api: Api, token: str | None, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else None
    return await api.http.post(
        "/api/ingest/measurements",
        json=None if content is not None else body,
        content=content,
        headers={"Authorization": f"Bearer {token}", **headers},
    )


async def _heard(api: Api, device: IssuedDevice) -> device_posts.HeardOfBoard:
    await api.app.state.posts.drain()
    return await device_posts.last_posts(api.stack, device.id)


def _row(clock: Clock, minute: int = 0, **more: Any) -> dict[str, Any]:
    at = clock.now - timedelta(minutes=10 - minute)
    return {"time": at.isoformat(), "energyImportedKwh": 5.0 + minute} | more


async def test_each_post_says_what_became_of_its_rows(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    await _post(client_api, device.token, [_row(clock), _row(clock, 1)])
    await _post(client_api, device.token, [_row(clock, 1), _row(clock, 2), {"time": "2026-05-18T08:00:00"}])
    await _post(client_api, device.token, b"")
    await _post(client_api, device.token, b'[{"time": "2026-')
    cut_off, empty, in_part, stored = (await _heard(client_api, device)).posts
    assert (stored.status, stored.rows, stored.stored_rows, stored.reason) == (200, 2, 2, "")
    assert (in_part.rows, in_part.stored_rows, in_part.known_rows, in_part.refused_rows) == (3, 1, 1, 1)
    assert in_part.reason.startswith("row 2: ")
    assert (in_part.has_trouble, in_part.is_refused) == (True, False)
    assert (empty.status, empty.is_refused) == (400, True)
    assert "empty" in empty.reason
    assert (cut_off.status, cut_off.rows) == (400, None)
    assert cut_off.reason != empty.reason


async def test_tokens_that_nobody_has_are_told_by_length_and_end_alone(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    assert device.token is not None
    await _post(client_api, device.token[:-1], [_row(clock)])
    await _post(client_api, "short-secret", [_row(clock)])
    heard = await _heard(client_api, device)
    assert heard.posts == ()
    short, cut = heard.unknown
    assert (cut.status, cut.token_length, cut.token_last4) == (401, 63, device.token[-5:-1])
    assert (short.token_length, short.token_last4) == (12, "")
    async with client_api.stack.db.snapshot() as session:
        connection = await session.connection()
        rows = (await connection.exec_driver_sql("SELECT * FROM monitoring.device_posts")).all()
    assert device.token[:-1] not in str(rows)


async def test_a_token_that_has_ended_is_told_as_the_devices(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    await devices.rotate_device_token(client_api.stack, device.id)
    assert (await _post(client_api, device.token, [_row(clock)])).status_code == 401
    [post] = (await _heard(client_api, device)).posts
    assert (post.status, post.reason) == (
        401,
        f"An old token of this device, ended {clock.now:%Y-%m-%dT%H:%M:%SZ}",
    )
    site = (await sites.list_sites(client_api.stack))[0].id
    renewed = await devices.rotate_device_token(client_api.stack, device.id)
    await devices.change_device(client_api.stack, site, device.id, {"is_active": False})
    await _post(client_api, renewed.token, [_row(clock)])
    assert (await _heard(client_api, device)).posts[0].reason == "The device is not active"


async def test_the_lists_are_bounded_and_trouble_stays_longer(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    def post(status: int, **more: Any) -> BoardPost:
        return BoardPost(clock.now, status, device.id, **more)

    many = [post(400, reason=f"bad {n}") for n in range(30)] + [post(200, rows=1, stored_rows=1)] * 50
    await device_posts.keep_posts(client_api.stack, many)
    kept = (await device_posts.last_posts(client_api.stack, device.id)).posts
    assert [each.status for each in kept] == [200] * KEPT_POSTS + [400] * KEPT_REFUSED
    assert kept[-1].reason == "bad 10"
    unknown = [BoardPost(clock.now, 401, token_hash=token_hash(str(n)), token_length=n) for n in range(150)]
    await device_posts.keep_posts(client_api.stack, unknown)
    async with client_api.stack.db.snapshot() as session:
        connection = await session.connection()
        counted = await connection.exec_driver_sql(
            "SELECT count(*), min(token_length) FROM monitoring.device_posts WHERE device_id IS NULL"
        )
        assert tuple(counted.one()) == (KEPT_UNKNOWN, 50)


async def test_posts_of_a_device_that_is_gone_are_no_failure(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    site = (await sites.list_sites(client_api.stack))[0].id
    await devices.remove_device(client_api.stack, site, device.id)
    await device_posts.keep_posts(client_api.stack, [BoardPost(clock.now, 200, device.id, rows=1)])


async def test_an_admin_asks_over_http(
    client_api: Api, device: IssuedDevice, call: Caller, clock: Clock
) -> None:
    await _post(client_api, device.token, b"[")
    await client_api.app.state.posts.drain()
    site = (await sites.list_sites(client_api.stack))[0].id
    answer = await call("GET", f"/api/sites/{site}/devices/{device.id}/posts")
    assert answer.status_code == 200
    [post] = answer.json()["posts"]
    assert (post["status"], post["storedRows"]) == (400, 0)
    other = await sites.add_site(client_api.stack, "Other")
    assert (await call("GET", f"/api/sites/{other.id}/devices/{device.id}/posts")).status_code == 404
    assert (await client_api.http.get(f"/api/sites/{site}/devices/{device.id}/posts")).status_code == 401


@pytest.mark.parametrize(
    "formula", [{"plus": []}, {"minus": ["00000000-0000-0000-0000-000000000001"]}, {"plus": "x"}]
)
async def test_an_unsound_formula_is_refused_by_name(
    client_api: Api, device: IssuedDevice, call: Caller, formula: Any
) -> None:
    site = (await sites.list_sites(client_api.stack))[0].id
    body = {"name": "Rest", "externalId": "rest", "formula": formula}
    answer = await call("POST", f"/api/admin/sites/{site}/devices", json=body)
    assert (answer.status_code, "formula" in answer.text) == (400, True)


async def test_the_tree_is_made_and_changed_over_http(
    client_api: Api, device: IssuedDevice, call: Caller
) -> None:
    site = (await sites.list_sites(client_api.stack))[0].id
    path, main = f"/api/admin/sites/{site}/devices", str(device.id)
    sub = await call.made(path, {"name": "Cold room", "externalId": "cold", "parentId": main})
    rest = await call.made(
        path, {"name": "Rest", "externalId": "rest", "formula": {"plus": [main], "minus": [sub["id"]]}}
    )
    assert (sub["token"] is None, rest["token"]) == (False, None)
    shown = (await call("GET", f"{path}/{rest['id']}")).json()
    assert (shown["kind"], shown["formula"]["minus"], shown["parentId"]) == ("virtual", [sub["id"]], None)
    again = await call("PATCH", f"{path}/{rest['id']}", json=shown)
    assert again.status_code == 200, again.text
    up = await call("PATCH", f"{path}/{sub['id']}", json={"parentId": None})
    assert (up.json()["kind"], up.json()["tokenLast4"]) == ("bulk", sub["token"][-4:])
    ring = await call("PATCH", f"{path}/{sub['id']}", json={"parentId": rest["id"]})
    assert (ring.status_code, "calculated" in ring.json()["error"]["message"]) == (400, True)
    rotated = await call("POST", f"{path}/{main}/rotate-token", json={"graceHours": 24})
    assert rotated.status_code == 200
    assert (await call("GET", f"{path}/{main}")).json()["previousTokenExpiresAt"] is not None
