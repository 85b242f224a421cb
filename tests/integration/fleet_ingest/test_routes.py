"""The REST routes: whose credentials open them, what they answer, and what another run mode does not serve."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from fleet_ingest.auth import SESSION_COOKIE
from portal.core.access import Role
from portal.core.identity.service import accounts, sessions
from portal.core.sites.service.devices import IssuedDevice
from portal.core.stack import Stack
from portal.core.tariffs.service import tariff_imports
from tests.integration.fleet_ingest.api import Api, Pusher

PASSWORD = "correct horse battery"
MODE_ROUTES = {
    "client": [("POST", "/api/ingest/measurements"), ("GET", "/api/sites"), ("GET", "/api/cost")],
    "admin": [
        ("POST", "/api/fleet/ingest"),
        ("GET", f"/api/fleet/customers/{UUID(int=1)}/cost"),
        ("GET", "/api/admin/customers"),
        ("POST", "/api/admin/customers"),
        ("POST", f"/api/admin/customers/{UUID(int=1)}/rotate-token"),
        ("POST", f"/api/admin/customers/{UUID(int=1)}/disable"),
        ("POST", f"/api/admin/customers/{UUID(int=1)}/enable"),
    ],
}
WINDOW = {"from": "2026-05-18T00:00:00Z", "to": "2026-05-19T00:00:00Z"}


async def session(stack: Stack, role: Role) -> dict[str, str]:
    """The cookie of somebody signed in."""
    email = f"{role}@example.com"
    await accounts.add_user(stack, email, role, PASSWORD)
    return {"Cookie": f"{SESSION_COOKIE}={(await sessions.sign_in(stack, email, PASSWORD, '')).token}"}


async def test_each_mode_serves_its_own_routes_and_404_for_the_others(
    client_api: Api, admin_api: Api
) -> None:
    for mode, api in (("client", client_api), ("admin", admin_api)):
        for owner, routes in MODE_ROUTES.items():
            for method, path in routes + [
                (method, path.replace("/api", "/api/v1", 1)) for method, path in routes
            ]:
                answer = await api.http.request(method, path)
                assert answer.status_code == (401 if owner == mode else 404), (mode, method, path)
                assert answer.json()["error"]["code"] == ("unauthenticated" if owner == mode else "not_found")


async def test_an_unknown_address_is_404_in_the_envelope(admin_api: Api) -> None:
    for rest in ("", "/", "/nothing", "/v2/cost", "/cost/", "/admin/customers/x/enable"):
        answer = await admin_api.http.get(f"/api{rest}")
        assert answer.status_code == 404
        assert answer.json() == {
            "error": {"code": "not_found", "message": "There is nothing at this address."}
        }


async def test_a_method_that_does_not_exist_is_405_and_names_those_that_do(client_api: Api) -> None:
    answer = await client_api.http.delete("/api/ingest/measurements")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_the_guarded_routes_need_an_admin_or_a_machine(admin_api: Api, client_api: Api) -> None:
    for api, path in ((admin_api, "/api/admin/customers"), (client_api, "/api/sites")):
        bob = await session(api.stack, Role.USER)
        alice = await session(api.stack, Role.ADMIN)
        statuses = [
            (await api.http.get(path, headers=who)).status_code for who in (bob, alice, await api.key())
        ]
        assert statuses == [403, 200, 200]
        for wrong in (
            {"Cookie": f"{SESSION_COOKIE}=x"},
            {"Authorization": "Bearer pak_x"},
            {"Authorization": "Basic eA=="},
        ):
            assert (await api.http.get(path, headers=wrong)).status_code == 401


async def test_another_sites_page_cannot_use_an_admins_cookie(admin_api: Api) -> None:
    alice = await session(admin_api.stack, Role.ADMIN)
    asked: list[tuple[dict[str, str], bool]] = [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://stack.example"}, False),
        ({"Origin": "http://stack.example"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
    ]
    for number, (headers, allowed) in enumerate(asked):
        body = {"code": f"acme-{number}", "name": "Acme"}
        answer = await admin_api.http.post("/api/admin/customers", json=body, headers=alice | headers)
        assert answer.status_code == (201 if allowed else 403), headers
    assert await admin_api.count("fleet.customers") == sum(allowed for _, allowed in asked)


async def test_a_customer_is_registered_rotated_disabled_and_enabled(admin_api: Api) -> None:
    key = await admin_api.key()
    made = await admin_api.http.post(
        "/api/admin/customers", json={"code": "Acme", "name": "Acme Ltd"}, headers=key
    )
    assert made.status_code == 201
    customer = made.json()
    assert set(customer) == {"id", "code", "name", "token"}
    assert (await admin_api.push(customer["token"], "sites", [])).status_code == 200
    base = f"/api/admin/customers/{customer['id']}"
    rotated = (await admin_api.http.post(f"{base}/rotate-token", json={"graceHours": 0}, headers=key)).json()
    assert (await admin_api.push(customer["token"], "sites", [])).status_code == 401
    assert (await admin_api.push(rotated["token"], "sites", [])).status_code == 200
    assert (await admin_api.http.post(f"{base}/disable", headers=key)).json()["isActive"] is False
    assert (await admin_api.push(rotated["token"], "sites", [])).status_code == 401
    assert (await admin_api.http.post(f"{base}/enable", headers=key)).json()["isActive"] is True
    assert (await admin_api.push(rotated["token"], "sites", [])).status_code == 200
    (line,) = (await admin_api.http.get("/api/admin/customers", headers=key)).json()["customers"]
    assert (line["code"], line["isActive"], line["siteCount"]) == ("Acme", True, 0)
    assert "token" not in line
    again = await admin_api.http.post(
        "/api/admin/customers", json={"code": "ACME", "name": "Acme"}, headers=key
    )
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")


async def test_a_poor_registration_is_400(admin_api: Api) -> None:
    poor = (
        b"x",
        b"[]",
        b"{}",
        b'{"code": 1, "name": "x"}',
        b'{"code": "a b", "name": "x"}',
        b'{"code": "a", "name": "\\u0000"}',
    )
    key = await admin_api.key()
    for body in poor:
        answer = await admin_api.http.post("/api/admin/customers", content=body, headers=key)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "invalid"


async def test_an_unknown_customer_is_404(admin_api: Api) -> None:
    key = await admin_api.key()
    for verb in ("rotate-token", "disable", "enable"):
        answer = await admin_api.http.post(f"/api/admin/customers/{uuid4()}/{verb}", headers=key)
        assert answer.status_code == 404


BAD_WINDOWS = [
    ({"from": "2026-05-18T00:00:00Z", "to": "2026-05-18T00:00:00Z"}, "after"),
    ({"from": "2026-05-19T00:00:00Z", "to": "2026-05-18T00:00:00Z"}, "after"),
    ({"from": "2025-05-18T00:00:00Z", "to": "2026-05-20T00:00:00Z"}, "366 days"),
    ({"from": "2026-05-18T00:00:00", "to": "2026-05-19T00:00:00Z"}, "offset"),
    ({"from": "2026-05-18", "to": "2026-05-19T00:00:00Z"}, "offset"),
    ({"from": "monday", "to": "2026-05-19T00:00:00Z"}, "ISO 8601"),
    ({"to": "2026-05-19T00:00:00Z"}, "'from'"),
    ({"from": "2026-05-19T00:00:00Z"}, "'to'"),
    (WINDOW | {"gaps": "guess"}, "gaps"),
]


async def test_a_bad_window_is_400_with_the_reason(admin_api: Api, client_api: Api, alice: Pusher) -> None:
    for api, path in ((admin_api, f"/api/fleet/customers/{alice.issued.id}/cost"), (client_api, "/api/cost")):
        key = await api.key()
        for window, words in BAD_WINDOWS:
            answer = await api.http.get(path, params=window, headers=key)
            assert answer.status_code == 400
            assert words in answer.json()["error"]["message"]


async def test_366_days_are_allowed_and_an_offset_whose_plus_was_lost_is_understood(
    admin_api: Api, alice: Pusher
) -> None:
    key = await admin_api.key()
    path = f"/api/fleet/customers/{alice.issued.id}/cost"
    window = {"from": "2025-05-18T00:00:00Z", "to": "2026-05-19T00:00:00Z"}
    assert (await admin_api.http.get(path, params=window, headers=key)).status_code == 200
    answer = await admin_api.http.get(
        f"{path}?from=2026-05-18T02:00:00+02:00&to=2026-05-19T00:00:00Z", headers=key
    )
    assert answer.json()["fromUtc"] == "2026-05-18T00:00:00Z"


async def test_the_cost_of_an_unknown_customer_is_404(admin_api: Api) -> None:
    answer = await admin_api.http.get(
        f"/api/fleet/customers/{uuid4()}/cost", params=WINDOW, headers=await admin_api.key()
    )
    assert answer.status_code == 404


async def test_the_worked_example_at_the_admin(admin_api: Api, alice: Pusher) -> None:
    await alice.push("tariffs", [worked_tariff() | {"id": 1, "municipalityId": 1}])
    await alice.push("measurements", [row | {"deviceId": str(alice.device_id)} for row in worked_readings()])
    path = f"/api/fleet/customers/{alice.issued.id}/cost"
    answer = await admin_api.http.get(path, params=WINDOW, headers=await admin_api.key())
    money = {"baseCost": 140.00, "vat": 21.00, "total": 161.00, "currency": "ZAR"}
    expected = {
        "customerId": str(alice.issued.id), "fromUtc": WINDOW["from"], "toUtc": WINDOW["to"], "timeZone": "UTC",
        "totalKwh": 56, **money, "totals": [{"kwh": 56, "fixed": 0, **money}],
        "bucketsWithoutTariff": 0, "unallocatedKwh": 0, "estimatedKwh": 0,
        "suspectReadings": 0, "fixedMonthlyChargesIncluded": False,
        "days": [{"date": "2026-05-18", "kwh": 56, **money, "hoursPresent": 3, "hoursAsked": 3}],
        "coverage": {"hoursPresent": 3, "hoursAsked": 3, "daysWithReadings": 1, "days": 1},
        "devices": [
            {"deviceId": str(alice.device_id), "name": "Main", "siteName": "Head office", "kwh": 56, **money,
             "bucketsWithoutTariff": 0}
        ],
    }  # fmt: skip
    assert {name: answer.json()[name] for name in expected} == expected
    assert '"total":161.00' in answer.text


async def test_the_worked_example_at_the_client(client_api: Api, device: IssuedDevice) -> None:
    await tariff_imports.import_tariffs(
        client_api.stack, [worked_tariff() | {"municipality": "Example City"}]
    )
    await client_api.post_readings(device.token, worked_readings())
    answer = (await client_api.http.get("/api/cost", params=WINDOW, headers=await client_api.key())).json()
    [day] = answer["days"]
    assert (day["kwh"], day["baseCost"], day["vat"], day["total"]) == (56, 140, 21, 161)
    # One local midnight lies in the window: a 31st of the month's charge of 120.00 and its VAT are in the totals.
    assert (answer["baseCost"], answer["vat"], answer["total"]) == (143.87, 21.58, 165.45)
    [fixed] = answer["fixedCharges"]
    assert (fixed["firstDay"], fixed["lastDay"], fixed["total"]) == ("2026-05-19", "2026-05-19", 4.45)
    assert "customerId" not in answer


async def test_a_rate_below_zero_needs_a_confirmation(client_api: Api, device: IssuedDevice) -> None:
    key = await client_api.key()
    paid = worked_tariff() | {"municipality": "Example City", "defaultRatePerKwh": -0.30}
    refused = await client_api.http.post("/api/rates/tariffs", json=[paid], headers=key)
    assert refused.status_code == 400
    [problem] = refused.json()["error"]["details"]["problems"]
    assert (problem["path"], "below zero" in problem["message"]) == ("[0].defaultRatePerKwh", True)
    meant = {"confirmNegativeRates": "true"}
    stored = await client_api.http.post("/api/rates/tariffs", json=[paid], headers=key, params=meant)
    assert stored.status_code == 200
    path = f"/api/rates/tariffs/{stored.json()['tariffs'][0]['id']}"
    assert (await client_api.http.get(path, headers=key)).json()["defaultRatePerKwh"] == -0.3
    assert (await client_api.http.put(path, json=paid, headers=key)).status_code == 400
    assert (await client_api.http.put(path, json=paid, headers=key, params=meant)).status_code == 200


async def test_what_a_tariff_leaves_out_is_named_with_the_cost(client_api: Api, device: IssuedDevice) -> None:
    charges = "Network demand R 254.76 per kVA; Legacy charge 25.01 c/kWh"
    extra = {"municipality": "Example City", "defaultName": "Standard", "notIncluded": charges}
    await tariff_imports.import_tariffs(client_api.stack, [worked_tariff() | extra])
    await client_api.post_readings(device.token, worked_readings())
    answer = (await client_api.http.get("/api/cost", params=WINDOW, headers=await client_api.key())).json()
    assert [line["name"] for line in answer["periods"]] == ["Standard"]
    assert answer["notIncluded"] == [
        {"tariffName": "Domestic TOU", "municipality": "Example City", "charges": charges.split("; ")}
    ]


def worked_tariff() -> dict[str, Any]:
    return {
        "name": "Domestic TOU", "effectiveFrom": "2026-01-01", "effectiveTo": None, "defaultRatePerKwh": 2.50,
        "fixedMonthlyCharge": 120.00, "vatRate": 0.15, "isActive": True,
        "periods": [
            {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75},
            {"name": "Off-Peak", "daysOfWeek": 96, "startTime": "00:00", "endTime": "23:59", "ratePerKwh": 1.20},
        ],
    }  # fmt: skip


def worked_readings() -> list[dict[str, Any]]:
    registers = {"08:00": 1994, "08:40": 2000, "10:00": 2000, "10:20": 2020, "10:40": 2050}
    return [{"time": f"2026-05-18T{time}:00Z", "energyImportedKwh": kwh} for time, kwh in registers.items()]


async def test_the_sites_and_their_devices_are_listed(client_api: Api, device: IssuedDevice) -> None:
    await client_api.post_readings(device.token, worked_readings())
    (site,) = (await client_api.http.get("/api/sites", headers=await client_api.key())).json()["sites"]
    assert (site["name"], site["municipality"], site["timeZoneId"]) == (
        "Head office",
        "Example City",
        "Africa/Johannesburg",
    )
    (listed,) = site["devices"]
    assert (listed["id"], listed["externalId"]) == (str(device.id), "main-1")
    assert listed["lastReadingAt"] == "2026-05-18T10:40:00Z"
    assert not {"token", "tokenHash"} & set(listed)


async def test_health_tells_the_truth_about_the_database(client_api: Api) -> None:
    assert (await client_api.http.get("/health/live")).json() == {"status": "live"}
    assert (await client_api.http.get("/health/ready")).json() == {"status": "ready"}
    name = client_api.stack.db.engine.url.database
    await client_api.stack.db.dispose()
    broken = client_api.stack.db.engine.url.set(database=f"{name}_gone")
    gone = type(client_api.stack.db)(broken.render_as_string(hide_password=False), application_name="tests")
    client_api.app.state.stack = type(client_api.stack)(
        client_api.stack.settings, gone, client_api.stack.storage
    )
    assert (await client_api.http.get("/health/live")).status_code == 200
    answer = await client_api.http.get("/health/ready")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    posted = await client_api.post_readings("0" * 64, [])
    assert posted.status_code >= 500
    assert "gone" not in posted.text


async def test_an_unforeseen_failure_is_a_500_that_gives_nothing_away(
    client_api: Api, device: IssuedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        message = "secret detail"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(type(client_api.stack.storage), "ensure_partitions", fail)
    answer = await client_api.post_readings(device.token, worked_readings())
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "secret" not in answer.text
