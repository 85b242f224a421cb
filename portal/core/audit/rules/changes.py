"""What a change did, in words for the audit trail: what was and what is, of everything that differs."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import takewhile

# A change of the longest address still tells both.
_LONGEST_VALUE = 120
_SHOWN_BEFORE = 20


def changes_in_words(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Return like "address: none → 1 Main Road; active: yes → no" what differs, empty where nothing does.

    A fact that only one of them has is "none" in the other.
    """
    names = [*before, *(name for name in after if name not in before)]
    changed = {name: (before.get(name), after.get(name)) for name in names}
    return "; ".join(
        f"{name}: {' → '.join(_shown_apart(was, now))}" for name, (was, now) in changed.items() if was != now
    )


def facts_in_words(facts: Mapping[str, object]) -> str:
    """Return like "site: Yard; rated power: 100 kW" what there is; what is empty is left out."""
    return "; ".join(
        f"{name}: {fact_in_words(value)}" for name, value in facts.items() if value not in {None, ""}
    )


def amount(value: Decimal | None, unit: str = "") -> str | None:
    """Return a number without needless zeros, with its unit."""
    if value is None:
        return None
    text = f"{value.normalize():f}"
    return f"{text} {unit}" if unit else text


def _shown_apart(was: object, now: object) -> tuple[str, str]:
    """Return two values that differ; where they do so behind what is shown, from a little before that."""
    texts = _in_words(was), _in_words(now)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    if same < _LONGEST_VALUE - 1 or texts[0] == texts[1]:
        return _cut(texts[0]), _cut(texts[1])
    return _cut(f"…{texts[0][same - _SHOWN_BEFORE :]}"), _cut(f"…{texts[1][same - _SHOWN_BEFORE :]}")


def fact_in_words(value: object) -> str:
    """Return a value as it is told: "none" where there is nothing, long ones cut."""
    return _cut(_in_words(value))


def _in_words(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
