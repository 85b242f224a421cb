"""Which rows of decisions the Admin keeps."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from portal.core.energy.wire import MeterDecisionRow
from portal.core.fleet.queries.fleet_decisions import row_problem

_AT = datetime(2026, 5, 18, tzinfo=UTC)


@dataclass
class _Said:
    fields: dict[str, Any]

    def row(self) -> MeterDecisionRow:
        base = {"id": UUID(int=1), "device_id": UUID(int=2), "note": "x", "author": "me", "decided_at": _AT}
        return MeterDecisionRow(**base | self.fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"undoes": UUID(int=3)},
        {"event_kind": "exchange", "event_at": _AT, "says": {"type": "switch", "kind": "exchange", "at": 1}},
    ],
)
def test_a_decision_is_kept(fields: dict[str, Any]) -> None:
    row = _Said(fields).row()
    assert row_problem(row) is None
    assert msgspec.json.decode(msgspec.json.encode(row), type=MeterDecisionRow) == row


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"event_kind": "meteor", "event_at": _AT}, "eventKind"),
        ({"event_kind": "reset"}, "eventAt"),
        ({"says": {"type": "switch", "kind": "swap", "at": 1}}, "says"),
        ({"says": {"type": "verdict"}}, "says"),
    ],
)
def test_what_is_none_is_refused_in_words(fields: dict[str, Any], words: str) -> None:
    problem = row_problem(_Said(fields).row())
    assert problem is not None
    assert problem.startswith(words)
