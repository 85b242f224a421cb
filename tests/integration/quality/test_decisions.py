"""People decide about meter events: over HTTP, with a note, once, undone by another decision, on record."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from fleet_ingest.app import build_app
from portal.core import energy
from portal.core.energy.queries.decisions import decisions_in_force
from portal.core.energy.rules.judging import DeclaredReadings, DeclaredSwitch, SwitchKind
from portal.core.errors import NotFound
from portal.core.fleet.service import customers
from portal.core.identity.service import api_keys
from portal.core.quality.service import meter_events
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports
from portal.core.values.time import epoch_microseconds
from tests.integration.databases import Clock
from tests.integration.quality.exchanged import NEW, OLD, store

_TARIFF = {
    "municipality": "Example City",
    "name": "Flat",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": Decimal("2.00"),
    "fixedMonthlyCharge": Decimal(0),
    "vatRate": Decimal("0.15"),
    "periods": [],
}


@pytest.fixture
async def stack(client_stack: Stack, clock: Clock) -> Stack:
    clock.now = NEW[-1][0] + timedelta(minutes=5)
    await municipalities.add_municipality(client_stack, "Example City", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(client_stack, [_TARIFF])
    await sites.add_site(client_stack, "Cold store", municipality="Example City")
    return client_stack


@pytest.fixture
async def device(stack: Stack) -> UUID:
    made = await devices.add_device(stack, "Cold room 2", site="Cold store", external_id="hff-cold-2")
    await store(stack, made.id, [*OLD, *NEW])
    await energy.refresh(stack)
    return made.id


@pytest.fixture
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(stack.settings, stack)
    key = (await api_keys.add_api_key(stack, "quality")).key
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://stack.example/api",
        headers={"Authorization": f"Bearer {key}"},
    ) as client:
        yield client
    await app.state.refreshing.drain()


async def _only(http: httpx.AsyncClient, **asked: str) -> dict[str, Any]:
    [event] = (await http.get("/meter-events", params=asked)).json()["events"]
    return event


async def _held(stack: Stack, device: UUID) -> list[Any]:
    async with stack.db.snapshot() as session:
        found = await decisions_in_force(session, stack.layout, [(device,)])
    return list(found.get((device,), []))


async def test_an_exchange_waits_and_says_what_each_answer_would_do(
    http: httpx.AsyncClient, device: UUID
) -> None:
    event = await _only(http)
    assert (event["kind"], event["deviceName"], event["siteName"]) == (
        "exchange",
        "Cold room 2",
        "Cold store",
    )
    assert (event["closingKwh"], event["openingKwh"], event["isWaiting"]) == (127_059, 61_200, True)
    detail = (await http.get(f"/meter-events/{event['id']}")).json()
    effects = {each["answer"]: each for each in detail["effects"]}
    assert list(effects) == ["confirm", "reject"]
    assert (effects["confirm"]["day"]["kwhChange"], effects["confirm"]["since"]["kwhChange"]) == (0, 0)
    # 59 kWh of the new line fall away, at 2.00 and 15 % VAT; from the next local midnight on nothing is known.
    lost = [effects["reject"][span] for span in ("day", "since")]
    assert sum(each["kwhChange"] for each in lost) == -59
    assert sum(each["costChange"] for each in lost) == pytest.approx(-135.70)
    assert lost[1]["kwh"] is None
    assert detail["day"] == "2026-05-18"


async def test_a_correction_holds_is_on_record_and_is_made_once(
    http: httpx.AsyncClient, stack: Stack, device: UUID
) -> None:
    event = await _only(http)
    at = NEW[0][0] - timedelta(minutes=5)
    body = {
        "answer": "correct",
        "note": "Exchanged, job card 4417",
        "closingKwh": 127_065.5,
        "openingKwh": 61_199.8,
        "at": at.isoformat(),
    }
    answer = await http.post(f"/meter-events/{event['id']}/decisions", json=body)
    assert answer.status_code == 201, answer.text
    [made] = answer.json()["decisions"]
    assert (made["eventId"], made["note"], made["author"]) == (event["id"], body["note"], "quality")
    assert await _held(stack, device) == [
        DeclaredSwitch(
            at=epoch_microseconds(at),
            kind=SwitchKind.EXCHANGE,
            closing_milliwh=127_065_500_000,
            opening_milliwh=61_199_800_000,
        )
    ]
    assert (await http.get("/meter-events")).json()["events"] == []
    again = await http.post(f"/meter-events/{event['id']}/decisions", json=body)
    assert again.status_code in {404, 409}, again.text
    async with stack.db.transaction() as session:
        rows = await session.execute(
            text("SELECT action, subject, detail FROM app.audit_events WHERE action LIKE 'meter_event.%'")
        )
        [(action, subject, detail)] = [tuple(row) for row in rows]
    assert (action, subject) == ("meter_event.decided", "hff-cold-2")
    assert "correct" in detail
    assert "job card 4417" in detail


async def test_a_decision_is_undone_by_another_one(
    http: httpx.AsyncClient, stack: Stack, device: UUID
) -> None:
    event = await _only(http)
    body = {"answer": "reject", "note": "The gateway was wrong"}
    [made] = (await http.post(f"/meter-events/{event['id']}/decisions", json=body)).json()["decisions"]
    [held] = await _held(stack, device)
    assert isinstance(held, DeclaredReadings)
    answer = await http.post(
        f"/meter-decisions/{made['id']}/undo", json={"note": "It was exchanged after all"}
    )
    assert answer.status_code == 201, answer.text
    assert await _held(stack, device) == []
    assert (await http.post(f"/meter-decisions/{made['id']}/undo", json={"note": "x"})).status_code == 409
    await energy.refresh(stack)
    assert (await _only(http))["id"] == event["id"]
    lines = (await http.get("/meter-decisions")).json()["decisions"]
    assert [(each["undoes"], each["isInForce"]) for each in lines] == [(made["id"], False), (None, False)]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"answer": "correct", "note": "x", "closingKwh": 1}, 400, "old register"),
        ({"answer": "correct", "note": "x", "openingKwh": 70_000}, 400, "new register"),
        ({"answer": "correct", "note": "x"}, 400, "Say what is known"),
        ({"answer": "correct", "note": "x", "ctRatio": "0/5"}, 400, "ctRatio"),
        ({"answer": "continues", "note": "x"}, 400, "takes one of"),
        ({"answer": "confirm", "note": ""}, 400, "note"),
        ({"answer": "confirm", "note": "  "}, 400, "note"),
        ({"answer": "maybe", "note": "x"}, 400, "answer"),
        ({"answer": "confirm", "note": "x", "who": "me"}, 400, "unknown field"),
    ],
)
async def test_what_cannot_be_true_is_refused_and_changes_nothing(
    http: httpx.AsyncClient, stack: Stack, device: UUID, body: dict[str, Any], status: int, words: str
) -> None:
    event = await _only(http)
    answer = await http.post(f"/meter-events/{event['id']}/decisions", json=body)
    assert answer.status_code == status, answer.text
    assert words in answer.text
    assert await _held(stack, device) == []


async def test_another_ct_ratio_is_declared_by_date(
    http: httpx.AsyncClient, stack: Stack, device: UUID
) -> None:
    body = {
        "deviceId": str(device),
        "kind": "exchange",
        "at": (OLD[30][0]).isoformat(),
        "ctRatio": "200/5",
        "note": "New current transformers",
    }
    answer = await http.post("/meter-decisions", json=body)
    assert answer.status_code == 201, answer.text
    [held] = await _held(stack, device)
    assert isinstance(held, DeclaredSwitch)
    assert (held.scale, held.at) == ((200, 5), epoch_microseconds(OLD[30][0]))
    async with stack.db.transaction() as session:
        passes = await session.execute(text("SELECT device_id FROM monitoring.recompute_passes"))
        assert [row[0] for row in passes] in ([device], [])  # the refresh may be through already
    unknown = await http.post("/meter-decisions", json=body | {"deviceId": str(uuid4())})
    assert unknown.status_code == 404


async def test_an_event_of_another_device_or_of_no_name_is_not_there(
    http: httpx.AsyncClient, device: UUID
) -> None:
    event = await _only(http)
    for name in (str(uuid4()) + event["id"][36:], "nothing", f"{device}.exchange.1", f"{device}.exchange.x"):
        assert (await http.get(f"/meter-events/{name}")).status_code == 404


async def test_a_customer_does_not_see_the_events_of_another(admin_stack: Stack) -> None:
    alice = await customers.register(admin_stack, "alpha", "Alpha")
    assert (await meter_events.list_events(admin_stack, alice.id)).items == ()
    with pytest.raises(NotFound):
        await meter_events.list_events(admin_stack, uuid4())
    with pytest.raises(NotFound):
        await meter_events.get_event(admin_stack, f"{uuid4()}.exchange.1", None)
