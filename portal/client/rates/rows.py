"""The rows of the form: one more, one less, one of them changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portal.client.rates.draft import DAYS, NEW_ROWS, Draft, season_keys


def with_value(draft: Draft, part: str, index: int, values: Mapping[str, Any]) -> Draft:
    """The form with some values of one row changed; a season that is renamed takes its periods along."""
    rows = list(getattr(draft, part))
    if not 0 <= index < len(rows):
        return draft
    rows[index] = replace(rows[index], **values)
    changed = replace(draft, **{part: rows})
    if part == "seasons":
        _rename(changed, season_keys(draft.seasons), season_keys(changed.seasons))
    return changed


def without(draft: Draft, part: str, index: int) -> Draft:
    """The form without one row; the periods of a removed season go with it."""
    rows = list(getattr(draft, part))
    if not 0 <= index < len(rows):
        return draft
    rows.pop(index)
    left = replace(draft, **{part: rows})
    if part == "seasons":
        before = season_keys(draft.seasons)
        gone = before.pop(index)
        left.periods = [period for period in left.periods if not gone or period.season != gone]
        _rename(left, before, season_keys(left.seasons))
    return left


def with_new(draft: Draft, part: str) -> Draft:
    """The form with one more row."""
    return replace(draft, **{part: [*getattr(draft, part), NEW_ROWS[part]()]})


def with_day_toggled(draft: Draft, index: int, day: int) -> Draft:
    """The form with one day of a period switched."""
    if not (0 <= index < len(draft.periods) and 0 <= day < len(DAYS)):
        return draft
    days = [not on if number == day else on for number, on in enumerate(draft.periods[index].days)]
    return with_value(draft, "periods", index, {"days": days})


def _rename(draft: Draft, before: Sequence[str], after: Sequence[str]) -> None:
    """Have the periods call their seasons what these are called now."""
    names = {old: new for old, new in zip(before, after, strict=True) if old}
    draft.periods = [
        replace(period, season=names.get(period.season, period.season)) for period in draft.periods
    ]
