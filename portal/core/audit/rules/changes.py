"""What a change did, in words for the audit trail: what was and what is, of everything that differs."""

from collections.abc import Mapping
from decimal import Decimal

# A change of the longest address still tells both.
_LONGEST_VALUE = 120


def changes_in_words(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Return like "address: none → 1 Main Road; active: yes → no" what differs, empty where nothing does.

    A fact that only one of them has is "none" in the other.
    """
    names = [*before, *(name for name in after if name not in before)]
    shown = {name: (_shown(before.get(name)), _shown(after.get(name))) for name in names}
    return "; ".join(
        f"{name}: {was} → {now}" for name, (was, now) in shown.items() if before.get(name) != after.get(name)
    )


def facts_in_words(facts: Mapping[str, object]) -> str:
    """Return like "site: Yard; rated power: 100 kW" what there is; what is empty is left out."""
    return "; ".join(f"{name}: {_shown(value)}" for name, value in facts.items() if value not in {None, ""})


def amount(value: Decimal | None, unit: str = "") -> str | None:
    """Return a number without needless zeros, with its unit."""
    if value is None:
        return None
    text = f"{value.normalize():f}"
    return f"{text} {unit}" if unit else text


def _shown(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
