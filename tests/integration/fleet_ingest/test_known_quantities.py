"""A row of a batch that has no quantity the Admin knows is refused by itself, in the words of the device ingest."""

import pytest

from tests.integration.fleet_ingest.api import Api, Pusher
from tests.integration.fleet_ingest.test_fleet_ingest import READINGS, reading


@pytest.mark.parametrize("others", [0, 60], ids=["alone", "in a batch"])
async def test_a_row_without_a_known_quantity_is_refused_and_never_stored_empty(
    admin_api: Api, alice: Pusher, others: int
) -> None:
    at = {"deviceId": str(alice.device_id), "time": "2026-05-18T08:00:00Z"}
    empty = [
        at,
        at | {"source": "board"},
        at | {"voltageV": None},
        at | {"active_power_kw": 1.0, "energy_imported_kwh": 5},
        at | {"ofALaterRelease": 1.0},
    ]
    good = [reading(alice.device_id, f"2026-05-18T09:{minute:02}:00Z") for minute in range(others)]
    partly = at | {"ofALaterRelease": 1.0, "currentNA": 0.125}
    found = (await alice.push("measurements", [*empty, *good, partly])).json()
    assert found == {
        "accepted": others + 1,
        "rejected": len(empty),
        "errors": [{"row": row, "reason": "no known quantity"} for row in range(len(empty))],
    }
    assert await admin_api.count(READINGS) == others + 1
