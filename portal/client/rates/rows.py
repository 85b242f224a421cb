"""The rows of the form: one more, one less, one of them changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal.client.rates.draft import DAYS, NEW_ROWS, Draft, SeasonDraft


def with_value(draft: Draft, part: str, index: int, values: Mapping[str, Any]) -> Draft:
    """The form with some values of one row changed; a season that is renamed takes its periods along."""
    rows = list(getattr(draft, part))
    if not 0 <= index < len(rows):
        return draft
    before = rows[index]
    rows[index] = replace(before, **values)
    changed = replace(draft, **{part: rows})
    if part == "seasons" and "name" in values:
        changed.periods = [
            replace(period, season=values["name"]) if period.season == before.name != "" else period
            for period in draft.periods
        ]
    return changed


def without(draft: Draft, part: str, index: int) -> Draft:
    """The form without one row; the periods of a removed season go with it."""
    rows = list(getattr(draft, part))
    if not 0 <= index < len(rows):
        return draft
    gone = rows.pop(index)
    left = replace(draft, **{part: rows})
    if isinstance(gone, SeasonDraft):
        left.periods = [period for period in left.periods if period.season != gone.name]
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
