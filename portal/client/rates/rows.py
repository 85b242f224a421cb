"""The rows of the form: one more, one less, one of them changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal.client.rates.draft import DAYS, NEW_ROWS, Draft, SeasonDraft, keyed


def with_value(draft: Draft, part: str, index: int, values: Mapping[str, Any]) -> Draft:
    """The form with some values of one row changed."""
    rows = list(getattr(draft, part))
    if not 0 <= index < len(rows):
        return draft
    rows[index] = replace(rows[index], **values)
    return replace(draft, **{part: rows})


def without(draft: Draft, part: str, index: int) -> Draft:
    """The form without one row; the periods of a removed season go with it."""
    rows = list(getattr(draft, part))
    if not 0 <= index < len(rows):
        return draft
    gone = rows.pop(index)
    left = replace(draft, **{part: rows})
    if isinstance(gone, SeasonDraft):
        left.periods = [period for period in left.periods if period.season != gone.key]
    return left


def with_copy(draft: Draft, part: str, index: int) -> Draft:
    """The form with a copy of a row below it; a copied season has periods of its own like those of the first."""
    rows = list(getattr(draft, part)) if part in NEW_ROWS else []
    if not 0 <= index < len(rows):
        return draft
    row = rows[index]
    is_season = isinstance(row, SeasonDraft)
    rows.insert(index + 1, replace(row, key="") if is_season else replace(row))
    more = replace(draft, **{part: rows})
    if not is_season:
        return more
    more.seasons = keyed(more.seasons)
    key = more.seasons[index + 1].key
    own = [replace(period, season=key) for period in draft.periods if period.season == row.key]
    return replace(more, periods=[*more.periods, *own])


def with_new(draft: Draft, part: str) -> Draft:
    """The form with one more row."""
    more = replace(draft, **{part: [*getattr(draft, part), NEW_ROWS[part]()]})
    return replace(more, seasons=keyed(more.seasons))


def with_day_toggled(draft: Draft, index: int, day: int) -> Draft:
    """The form with one day of a period switched."""
    if not (0 <= index < len(draft.periods) and 0 <= day < len(DAYS)):
        return draft
    days = [not on if number == day else on for number, on in enumerate(draft.periods[index].days)]
    return with_value(draft, "periods", index, {"days": days})
