"""Dead letters: what was given up is seen, tried again or dropped by a person, who is on record."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from portal.core.audit import service as audit
from portal.core.errors import Invalid, NotFound
from portal.core.exchange.batches import BatchType
from portal.core.outbox.service import push
from tests.integration.databases import Clock
from tests.integration.push.rig import START, Rig, Sent


async def _given_up(rig: Rig, clock: Clock, rows: int = 3) -> UUID:
    """Readings the Admin refused for good."""
    device = await rig.add_device()
    await rig.drain()

    def admin(sent: Sent) -> httpx.Response | None:
        if sent.batch_type != "measurements":
            return None
        errors = [{"row": i, "reason": "deviceId: unknown device"} for i in range(len(sent.rows))]
        return httpx.Response(200, json={"accepted": 0, "rejected": len(sent.rows), "errors": errors})

    rig.network.always = admin
    await rig.store(device, rows)
    for _ in range(5):
        await rig.tick()
        clock.advance(minutes=31)
    rig.network.always = None
    return device


async def test_a_dead_letter_has_a_number_a_reason_and_an_age(rig: Rig, clock: Clock) -> None:
    device = await _given_up(rig, clock)
    dead_letters = await push.dead_letters(rig.client, 10)
    assert len(dead_letters) == 3
    assert len({dead_letter.id for dead_letter in dead_letters}) == 3
    assert {dead_letter.device_id for dead_letter in dead_letters} == {device}
    assert {dead_letter.reason for dead_letter in dead_letters} == {"deviceId: unknown device"}
    [[young]] = await rig.on_client(
        "SELECT bool_and(created_at > now() - interval '1 minute') FROM app.push_dead_letters"
    )
    assert young


async def test_a_dead_letter_that_is_retried_arrives(rig: Rig, clock: Clock) -> None:
    await _given_up(rig, clock)
    first, *_ = await push.dead_letters(rig.client, 10)
    assert await push.retry_dead_letters(rig.client, first.id, by="alice@example.com") == 1
    report = await rig.tick()
    assert (report.retry_rows, report.dead_letters) == (0, 2)
    assert await rig.on_admin("SELECT count(*) FROM fleet.power_measurements") == [(1,)]
    assert await push.retry_dead_letters(rig.client, None, by="alice@example.com") == 2
    await rig.tick()
    await rig.assert_mirrored()


async def test_a_dead_letter_that_is_retried_in_vain_is_given_up_again_after_as_many_tries(
    rig: Rig, clock: Clock
) -> None:
    await _given_up(rig, clock, rows=1)
    await rig.on_admin("UPDATE fleet.devices SET id = gen_random_uuid()")
    await push.retry_dead_letters(rig.client, None, by="alice@example.com")
    rig.network.always = lambda sent: (
        httpx.Response(
            200, json={"accepted": 0, "rejected": 1, "errors": [{"row": 0, "reason": "still not"}]}
        )
        if sent.batch_type == "measurements"
        else None
    )
    for _ in range(5):
        await rig.tick()
        clock.advance(minutes=31)
    [dead_letter] = await push.dead_letters(rig.client, 10)
    assert (dead_letter.tries, dead_letter.reason) == (5, "still not")


async def test_a_dead_letter_that_is_discarded_stays_away_and_the_record_says_who_did_it(
    rig: Rig, clock: Clock
) -> None:
    await _given_up(rig, clock)
    one, two, _ = await push.dead_letters(rig.client, 10)
    await push.discard_dead_letters(rig.client, one.id, by="alice@example.com")
    await push.retry_dead_letters(rig.client, two.id, by="bob (command line)")
    status = await push.status(rig.client)
    assert [(d.decided_by, d.action, d.row_key) for d in status.decisions] == [
        ("bob (command line)", "retry", two.row_key),
        ("alice@example.com", "discard", one.row_key),
    ]
    assert {d.reason for d in status.decisions} == {"deviceId: unknown device"}
    trail = await audit.list_events(rig.client, topic="push")
    assert [(event.action, event.subject) for event in trail] == [
        ("push.retried", f"dead letter {two.id}"),
        ("push.discarded", f"dead letter {one.id}"),
    ]
    await rig.drain()
    assert (await push.status(rig.client)).backlog.dead_letters == 1
    assert await rig.on_admin("SELECT count(*) FROM fleet.power_measurements") == [(1,)]


async def test_nobody_decides_twice_about_a_dead_letter_or_without_a_name(rig: Rig, clock: Clock) -> None:
    await _given_up(rig, clock, rows=1)
    [dead_letter] = await push.dead_letters(rig.client, 10)
    with pytest.raises(Invalid):
        await push.discard_dead_letters(rig.client, dead_letter.id, by=" ")
    await push.discard_dead_letters(rig.client, dead_letter.id, by="alice@example.com")
    for decide in (push.discard_dead_letters, push.retry_dead_letters):
        with pytest.raises(NotFound):
            await decide(rig.client, dead_letter.id, by="bob@example.com")
    assert len((await push.status(rig.client)).decisions) == 1
    assert await push.discard_dead_letters(rig.client, None, by="bob@example.com") == 0


async def test_a_row_of_a_set_that_is_retried_goes_out_with_its_set(rig: Rig) -> None:
    for number in range(3):
        await rig.add_device(f"meter-{number}")

    def admin(sent: Sent) -> httpx.Response | None:
        return httpx.Response(413) if any(row["name"] == "meter-1" for row in sent.rows) else None

    rig.network.always = admin
    for _ in range(4):
        await rig.tick()
    rig.network.always = None
    [dead_letter] = await push.dead_letters(rig.client, 10)
    assert dead_letter.resource == BatchType.DEVICES
    await rig.tick()
    assert len(await rig.on_admin("SELECT 1 FROM fleet.devices")) == 2
    await push.retry_dead_letters(rig.client, dead_letter.id, by="alice@example.com")
    await rig.tick()
    assert len(await rig.on_admin("SELECT 1 FROM fleet.devices")) == 3


async def test_poison_rows_block_nothing_before_they_are_given_up(rig: Rig) -> None:
    """A row that is refused again and again, while the others of its device go through."""
    device = await rig.add_device()
    await rig.drain()
    poison = (START + timedelta(seconds=5)).isoformat().replace("+00:00", "Z")

    def admin(sent: Sent) -> httpx.Response | None:
        bad = [i for i, row in enumerate(sent.rows) if row.get("time") == poison]
        if not bad or len(sent.rows) > 1:
            return httpx.Response(500) if bad and len(sent.rows) == 1 else None
        errors = [{"row": i, "reason": "no"} for i in bad]
        return httpx.Response(200, json={"accepted": 0, "rejected": 1, "errors": errors})

    rig.network.always = admin
    for turn in range(4):
        await rig.store(device, 10, start=START + timedelta(minutes=turn))
        await rig.tick()
    [[count]] = await rig.on_admin("SELECT count(*) FROM fleet.power_measurements")
    assert count >= 39
