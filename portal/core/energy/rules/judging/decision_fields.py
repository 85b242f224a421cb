"""A decision as plain fields: as it is stored, and as it travels to the Admin. Instants and energies stay integers."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Final, cast

from portal.core.energy.rules.judging.decisions import (
    DeclaredReadings,
    DeclaredSwitch,
    MeterDecision,
    SwitchKind,
)
from portal.core.energy.rules.judging.limits import RegisterFacts

_SWITCH: Final = "switch"
_READINGS: Final = "readings"
_FACTS: Final = tuple(field.name for field in fields(RegisterFacts))
_PARTS_OF_A_SCALE: Final = 2


def fields_of(decision: MeterDecision) -> dict[str, object]:
    """Return a decision as fields: its `type`, and what it says where that is known."""
    kind = _SWITCH if isinstance(decision, DeclaredSwitch) else _READINGS
    said = {"type": kind} | asdict(decision)
    return {name: _known(value) for name, value in said.items() if value is not None}


def _known(value: object) -> object:
    if isinstance(value, dict):
        facts = cast("dict[str, object]", value)
        return {name: each for name, each in facts.items() if each is not None}
    return list(cast("tuple[int, int]", value)) if isinstance(value, tuple) else value


def decision_of(said: Mapping[str, object]) -> MeterDecision:
    """Return the decision that fields say. Raises `ValueError`, in words, for what is none."""
    if said.get("type") == _SWITCH:
        return DeclaredSwitch(
            at=_integer(said, "at"),
            kind=SwitchKind(said.get("kind")),
            closing_milliwh=_integer_if_any(said, "closing_milliwh"),
            opening_milliwh=_integer_if_any(said, "opening_milliwh"),
            facts=_facts(said.get("facts")),
            scale=_scale(said.get("scale")),
            **{name: _integer_if_any(said, name) for name in ("old_at", "old_milliwh", "new_milliwh")},
        )
    if said.get("type") == _READINGS:
        are_true = said.get("are_true")
        if not isinstance(are_true, bool):
            msg = "are_true: true or false"
            raise ValueError(msg)
        names = ("from_at", "to_at", "least_milliwh", "most_milliwh")
        return DeclaredReadings(**{name: _integer(said, name) for name in names}, are_true=are_true)
    msg = f"type: {_SWITCH} or {_READINGS}"
    raise ValueError(msg)


def _facts(said: object) -> RegisterFacts | None:
    if said is None:
        return None
    given = cast("dict[str, object]", said) if isinstance(said, dict) else {"count_milliwh": said}
    return RegisterFacts(**{name: _integer_if_any(given, name) for name in _FACTS})


def _scale(said: object) -> tuple[int, int] | None:
    if said is None:
        return None
    parts = cast("list[object]", said) if isinstance(said, list) else []
    whole = [each for each in parts if isinstance(each, int) and not isinstance(each, bool)]
    if len(parts) != _PARTS_OF_A_SCALE or len(whole) != _PARTS_OF_A_SCALE:
        msg = "scale: two whole numbers"
        raise ValueError(msg)
    return whole[0], whole[1]


def _integer(said: Mapping[str, object], name: str) -> int:
    value = _integer_if_any(said, name)
    if value is None:
        msg = f"{name} is missing"
        raise ValueError(msg)
    return value


def _integer_if_any(said: Mapping[str, object], name: str) -> int | None:
    value = said.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63):
        return value
    msg = f"{name}: a whole number"
    raise ValueError(msg)
