"""What a merge reads of a week whose statistics nobody has gathered yet."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.core.readings.queries import narrow_merge
from portal.core.settings import RunMode
from tests.integration.databases import Stacks

_START = datetime(2026, 5, 18, tzinfo=UTC)
_STORED = """
INSERT INTO {readings} (customer, meter, time, active_power_kw)
SELECT 1, meter, $1::timestamptz + minute * interval '1 minute', 1
FROM generate_series(1, 1000) meter, generate_series(0, 19) minute
"""
_ROWS = """
INSERT INTO {staged} (customer, meter, time, voltage_v)
SELECT 1, meter, $1::timestamptz + minute * interval '1 minute', 1
FROM generate_series(1, 1000) meter, generate_series(0, 4) minute
"""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


@pytest.mark.parametrize("mode", RunMode)
@pytest.mark.parametrize("staged", [narrow_merge._STAGED, narrow_merge._MET_ROWS])
async def test_a_stored_reading_is_found_by_its_key_alone(stacks: Stacks, mode: RunMode, staged: str) -> None:
    open_one = stacks.client if mode is RunMode.CLIENT else stacks.admin
    stack = await open_one(Database__Storage="plain")
    await stack.storage.ensure_partitions(stack.db, [_START + timedelta(weeks=week) for week in range(20)])
    statement = narrow_merge._join_sql(stack.layout, ("voltage_v",), staged, is_pushed=False)
    async with stack.db.direct_transaction() as connection:
        await connection.execute(stack.layout.sql(_STORED), _START)
        await connection.execute(narrow_merge._STAGING)
        await connection.execute(_ROWS.format(staged=staged), _START)
        await connection.execute(narrow_merge._PLAN)
        hours = _START, _START + timedelta(hours=1)
        said = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", 1, *hours)
    nodes = list(_nodes(json.loads(said)[0]["Plan"]))
    read = [
        node
        for node in nodes
        if node.get("Relation Name", "").startswith("readings") and "Scan" in node["Node Type"]
    ]
    assert read
    for node in read:
        assert "meter = " in node.get("Index Cond", ""), node
