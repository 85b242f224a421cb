"""An import of tariffs beside somebody who changes them: what it says and writes down is what it did."""

import asyncio
from typing import Any

import pytest

from portal.core.audit import service as audit
from portal.core.stack import Stack
from portal.core.tariffs.queries import tariffs as queries
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from tests.integration.meeting import come_second, lock_waited_for

FLAT: dict[str, Any] = {
    "municipality": "Old Town", "name": "Flat", "effectiveFrom": "2026-01-01", "defaultRatePerKwh": "2.50",
    "fixedMonthlyCharge": "100", "vatRate": "0.15",
    "periods": [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": "4"}
    ],
}  # fmt: skip


@pytest.fixture
async def stack(client_stack: Stack) -> Stack:
    """One municipality with one tariff."""
    await municipalities.add_municipality(client_stack, "Old Town", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(client_stack, [FLAT])
    return client_stack


async def _rates(stack: Stack) -> list[str]:
    return [
        str(t.default_rate_per_kwh.normalize()) for m in await tariffs.list_tariffs(stack) for t in m.tariffs
    ]


async def _written(stack: Stack) -> list[str]:
    events = await audit.list_events(stack, limit=100)
    return [event.action for event in events[::-1] if event.action in {"tariff.imported", "tariff.saved"}]


async def test_what_was_changed_meanwhile_is_replaced_and_on_record(stack: Stack) -> None:
    changed = "UPDATE app.tariffs SET default_rate_per_kwh = 3"
    done = await come_second(stack, changed, tariff_imports.import_tariffs(stack, [FLAT]))
    assert done.tariffs[0].replaced
    assert await _rates(stack) == ["2.5"], "the import came after the change, and what it said holds"
    assert await _written(stack) == ["tariff.imported", "tariff.imported"]


async def test_what_was_added_meanwhile_is_replaced_and_said_to_be(stack: Stack) -> None:
    added = (
        "INSERT INTO app.tariffs (municipality_id, name, effective_from, effective_to, default_rate_per_kwh, "
        "fixed_monthly_charge, vat_rate, is_active) SELECT municipality_id, 'Other', date '2025-01-01', "
        "date '2025-12-31', 3, 0, 0, true FROM app.tariffs"
    )
    other = FLAT | {"name": "Other", "effectiveFrom": "2025-01-01", "effectiveTo": "2025-12-31"}
    done = await come_second(stack, added, tariff_imports.import_tariffs(stack, [other]))
    assert done.tariffs[0].replaced
    assert done.tariffs[0].id in {t.id for m in await tariffs.list_tariffs(stack) for t in m.tariffs}


async def test_who_saves_beside_an_import_waits_and_sees_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import stands still between its look and its end; somebody saves another rate then."""
    tariff_id = (await tariffs.list_tariffs(stack))[0].tariffs[0].id
    has_looked, may_go_on = asyncio.Event(), asyncio.Event()
    load = queries.load

    async def load_and_wait(*given: Any) -> Any:
        found = await load(*given)
        if not has_looked.is_set():
            has_looked.set()
            await may_go_on.wait()
        return found

    monkeypatch.setattr(queries, "load", load_and_wait)
    importing = asyncio.create_task(tariff_imports.import_tariffs(stack, [FLAT]))
    await has_looked.wait()
    saved = FLAT | {"id": tariff_id, "defaultRatePerKwh": "3"}
    saving = asyncio.create_task(tariffs.save_tariff(stack, saved))
    try:
        await lock_waited_for(stack, saving)
    finally:
        may_go_on.set()
    assert (await importing).tariffs[0].replaced
    await saving
    assert await _rates(stack) == ["3"]
    assert await _written(stack) == ["tariff.imported", "tariff.saved"]


async def test_a_file_is_tried_without_waiting(stack: Stack) -> None:
    async with stack.db.transaction() as session:
        await queries.lock_all(session)
        tried = await asyncio.wait_for(tariff_imports.import_tariffs(stack, [FLAT], dry_run=True), 10)
    assert tried.tariffs[0].replaced
