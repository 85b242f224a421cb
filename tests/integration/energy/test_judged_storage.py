"""What is stored of a judgement is that of all readings, whatever the order and the pieces in which they came."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from portal.core import energy
from portal.core.database.db import driver_connection
from portal.core.energy.queries import judged_stretches
from portal.core.energy.rules.event_codes import code_of_kind, code_of_reason
from portal.core.energy.rules.judging import (
    Judgement,
    LinkKind,
    ProposalKind,
    RegisterFacts,
    RegisterReading,
    is_firm,
    judge,
    judged_hours,
    outline_of,
    proposals_of,
)
from portal.core.energy.rules.meter_rules import USUAL_WIDTH
from portal.core.energy.rules.stored_words import LINK_KINDS
from portal.core.readings.queries.ingest import FleetKeys, merge_fleet_readings, number_sources
from portal.core.readings.service import readings as service
from portal.core.readings.wire import DeviceReading, FleetReading
from portal.core.stack import Stack
from portal.core.values.time import instant_of
from tests.integration.databases import Stacks
from tests.integration.energy.metering import (
    MAX_GAP,
    Meter,
    expected_days,
    hour_figures,
    new_meter,
)
from tests.length import usual_or_long
from tests.unit.energy.judging.slow_meters import pieces_of, slow_meter
from tests.unit.energy.judging.test_register_cases import CASES, ORDERS, answer_of

METERS = usual_or_long(12, 120)
KWH = 1_000_000
LONG_AFTER = datetime(2036, 1, 1, tzinfo=UTC)  # a Client takes no reading of a day to come


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    stacks.clock.now = LONG_AFTER
    return await (stacks.client() if request.param == "client" else stacks.admin())


async def store(meter: Meter, rows: Sequence[RegisterReading]) -> None:
    """Store readings as they come from a device or a Client: values for one instant beside each other."""
    stack = meter.stack
    times = [instant_of(at) for at, _ in rows]
    shown = [milliwh / KWH for _, milliwh in rows]
    customer_id = stack.layout.customer_of(meter.key)
    if customer_id is None:
        sent = [DeviceReading(time=at, energy_imported_kwh=kwh) for at, kwh in zip(times, shown, strict=True)]
        await service.import_readings(stack, meter.key[-1], sent)
        return
    pushed = [
        FleetReading(time=at, device_id=meter.key[-1], energy_imported_kwh=kwh)
        for at, kwh in zip(times, shown, strict=True)
    ]
    await stack.storage.ensure_partitions(stack.db, times)
    await number_sources(stack.db, stack.layout, pushed)
    async with stack.db.transaction() as session:
        number = await session.scalar(
            text("SELECT number FROM fleet.customers WHERE id = :id"), {"id": customer_id}
        )
        keys = FleetKeys(customer_id, int(number or 0), stack.small_keys)
        await merge_fleet_readings(await driver_connection(session), keys, pushed)


async def know(meter: Meter, facts: RegisterFacts) -> None:
    """Say what is known of the register."""
    async with meter.stack.db.transaction() as session:
        await session.execute(
            text(
                meter.layout.sql(
                    "INSERT INTO {meter_heads} ({customer_id,} device_id, is_firm, learned_watts, count_milliwh, "
                    "width_milliwh) VALUES ({:customer_id,} :device_id, false, :learned, :count, :width)"
                )
            ),
            {
                **meter.layout.given(meter.key),
                "learned": facts.learned_watts,
                "count": facts.count_milliwh,
                "width": facts.width_milliwh,
            },
        )


async def rows_of(meter: Meter, columns: str, table: str) -> list[tuple[Any, ...]]:
    statement = (
        f"SELECT {columns} FROM {{{table}}} WHERE {{customer_id = :customer_id AND}} device_id = :device_id"
    )
    return sorted(tuple(row) for row in await meter._rows(statement))


async def require_as_judged(meter: Meter, judgement: Judgement) -> None:
    """Compare all that is stored of a meter with what a judgement of all its readings says."""
    times, shown = judgement.times, judgement.shown
    hours = judged_hours(judgement, MAX_GAP // timedelta(microseconds=1))
    expected = {instant_of(hour.hour): hour_figures(hour) for hour in hours if any(hour[1:])}
    assert await meter.hours() == expected
    assert await meter.days() == expected_days(expected)
    assert await rows_of(
        meter, "first_at, first_milliwh, last_at, last_milliwh, readings, reason", "suspect_spans"
    ) == sorted(
        (
            instant_of(times[span.first]),
            shown[span.first],
            instant_of(times[span.last]),
            shown[span.last],
            span.last - span.first + 1,
            code_of_reason(span.reason),
        )
        for span in judgement.suspects
    )
    assert await rows_of(meter, "after_at, before_at, kind, milliwh", "register_links") == sorted(
        (
            instant_of(times[link.after]),
            instant_of(times[link.before]),
            LINK_KINDS.number(link.kind),
            link.milliwh,
        )
        for link in judgement.links
        if link.kind is not LinkKind.RISE
    )
    assert await rows_of(meter, "since, until, readings", "meter_rivals") == [
        (instant_of(rival.since), instant_of(rival.until), rival.readings)
        for rival in outline_of(judgement).rivals
    ]
    [head] = await rows_of(meter, "last_at, last_milliwh, is_firm", "meter_heads")
    last = judgement.spans[-1].last
    assert head == (instant_of(times[last]), shown[last], is_firm(judgement))


async def test_what_comes_in_pieces_is_stored_as_if_it_came_at_once(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random meters over weeks with random faults, their pieces in any order, each judged again around itself."""
    looked_at = 0
    load = judged_stretches.load_readings

    async def counting(*asked: Any) -> list[list[RegisterReading]]:
        nonlocal looked_at
        found = await load(*asked)
        looked_at += sum(len(each) for each in found)
        return found

    monkeypatch.setattr(judged_stretches, "load_readings", counting)
    total = 0
    for seed in range(METERS):
        random, (what, facts) = Random(seed), slow_meter(seed)
        rated_kw = None if facts.rated_watts is None else facts.rated_watts / 1000
        meter = await new_meter(stack, rated_kw)
        await know(meter, facts)
        width = facts.width_milliwh or USUAL_WIDTH
        facts = RegisterFacts(
            rated_watts=facts.rated_watts,
            learned_watts=facts.learned_watts,
            count_milliwh=facts.count_milliwh,
            width_milliwh=width,
        )
        for piece in pieces_of(random, what.readings):
            await store(meter, piece)
            if random.random() < 0.8:
                await energy.refresh(stack)
        await energy.refresh(stack)
        await require_as_judged(meter, judge(what.readings, facts))
        total += len(what.readings)
    assert looked_at > total


@pytest.mark.parametrize("order", [*ORDERS, "late in pieces"])
async def test_registers_that_went_wrong_come_out_right(stack: Stack, order: str) -> None:
    for name, case in CASES.items():
        rated = case.facts.rated_watts
        meter = await new_meter(stack, None if rated is None else rated / 1000)
        pieces = [case.readings]
        if order in ORDERS:
            arriving = ORDERS[order](case.readings)
            pieces = [arriving[n : n + 7] for n in range(0, len(arriving), 7)]
        else:
            rest = iter(case.readings)
            pieces = [list(islice(rest, 1 + len(case.readings) // 4)) for _ in range(4)][::-1]
        for piece in pieces:
            await store(meter, piece)
            await energy.refresh(stack)
        facts = RegisterFacts(rated_watts=rated, width_milliwh=USUAL_WIDTH)
        right = answer_of(case.readings, facts)
        if case.facts.width_milliwh or "width" not in name:
            assert right[:3] == pytest.approx(case.answer[:3])
        days = list((await meter.days()).values())
        found = [sum(day[n] for day in days) for n in (0, 1, 3)]
        assert (found[0] / KWH, found[1] / KWH, found[2]) == pytest.approx(right[:3]), name
        events = await rows_of(meter, "at, kind", "meter_events")
        assert [kind for _, kind in events] == [
            code_of_kind(each.kind) for each in proposals_of(judge(case.readings, facts))
        ], name


async def test_a_late_reading_in_the_middle_of_a_quarter_reads_a_few_days(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = await new_meter(stack, 20)
    begin = 1_772_409_600_000_000
    step = 15 * 60 * 1_000_000
    history = [(begin + n * step, 500 * KWH + n * 100_000) for n in range(90 * 96)]
    late = history.pop(45 * 96 + 7)
    await store(meter, history)
    await energy.refresh(stack)
    looked_at = 0
    load = judged_stretches.load_readings

    async def counting(*asked: Any) -> list[list[RegisterReading]]:
        nonlocal looked_at
        found = await load(*asked)
        looked_at += sum(len(each) for each in found)
        return found

    monkeypatch.setattr(judged_stretches, "load_readings", counting)
    await store(meter, [late])
    assert await energy.refresh_queue(stack) == 1
    assert 0 < looked_at < 6 * 96
    facts = RegisterFacts(rated_watts=20_000, width_milliwh=USUAL_WIDTH)
    await require_as_judged(meter, judge([*history, late], facts))


async def test_what_is_no_register_is_said_once_and_taken_back_by_earlier_readings(stack: Stack) -> None:
    begin, step = 1_772_409_600_000_000, 15 * 60 * 1_000_000
    flicker = [(begin + n * step, (500 + n % 2) * KWH) for n in range(60)]
    rising = [(begin - (1_500 - n) * step, 100 * KWH + n * 100_000) for n in range(1_500)]
    found: list[list[datetime]] = []
    meter = await new_meter(stack, 20)
    for piece in (flicker[30:], flicker[:30], rising):
        await store(meter, piece)
        await energy.refresh(stack)
        events = await rows_of(meter, "kind, at", "meter_events")
        found.append([at for kind, at in events if kind == code_of_kind(ProposalKind.NO_REGISTER)])
    assert found == [[], [instant_of(begin)], []]
