"""Decisions keep what they say on their way into the database and to the Admin."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.energy.rules.judging import DeclaredReadings, DeclaredSwitch, RegisterFacts, SwitchKind
from portal.core.energy.rules.judging.decision_fields import decision_of, fields_of

_INSTANTS = st.integers(0, 1 << 52)
_ENERGY = st.integers(0, 1 << 52)
_POSITIVE = st.integers(1, 1 << 40)
_FACTS = st.builds(
    RegisterFacts,
    rated_watts=st.none() | _POSITIVE,
    count_milliwh=st.none() | _POSITIVE,
    width_milliwh=st.none() | _POSITIVE,
)
_SWITCHES = st.builds(
    DeclaredSwitch,
    at=_INSTANTS,
    kind=st.sampled_from(SwitchKind),
    closing_milliwh=st.none() | _ENERGY,
    opening_milliwh=st.none() | _ENERGY,
    facts=st.none() | _FACTS,
    scale=st.none() | st.tuples(_POSITIVE, _POSITIVE),
)
_READINGS = st.builds(
    DeclaredReadings,
    from_at=_INSTANTS,
    to_at=_INSTANTS,
    least_milliwh=st.integers(-(1 << 52), 1 << 52),
    most_milliwh=_ENERGY,
    are_true=st.booleans(),
)


@given(_SWITCHES | _READINGS)
def test_what_was_decided_is_read_again_as_it_was(decision: DeclaredSwitch | DeclaredReadings) -> None:
    assert decision_of(json.loads(json.dumps(fields_of(decision)))) == decision


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"type": "other"},
        {"type": "switch", "kind": "exchange"},
        {"type": "switch", "kind": "exchange", "at": True},
        {"type": "switch", "kind": "swap", "at": 1},
        {"type": "switch", "kind": "reset", "at": 1, "scale": [1]},
        {"type": "switch", "kind": "reset", "at": 1, "scale": [0, 5]},
        {"type": "switch", "kind": "reset", "at": 1, "facts": {"rated_watts": -1}},
        {"type": "switch", "kind": "reset", "at": 1, "facts": "none"},
        {"type": "switch", "kind": "reset", "at": 1 << 70},
        {"type": "readings", "from_at": 1, "to_at": 2, "least_milliwh": 0, "most_milliwh": 0},
        {
            "type": "readings",
            "from_at": 1.5,
            "to_at": 2,
            "least_milliwh": 0,
            "most_milliwh": 0,
            "are_true": True,
        },
    ],
)
def test_what_is_no_decision_is_refused_in_words(said: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decision_of(said)
