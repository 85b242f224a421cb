"""The boxes of the tariff's form, by their names, read as a draft: what a browser sends is believed in nothing."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from portal.client.rates.draft import NEW_ROWS, Draft, HolidayDraft, PeriodDraft, SeasonDraft, keyed
from portal.client.rates.fields import texts_of
from portal.core.errors import Invalid
from portal.core.languages import tr

# A row's box goes by its part, its place and its field, as in `periods.0.name`; the tariff's own by the field alone.
_ROW = re.compile(r"(periods|seasons|holidays)\.(\d{1,3})\.([a-z_]{1,20})")
Row = TypeVar("Row", PeriodDraft, SeasonDraft, HolidayDraft)
_LONGEST = 500
_MOST_ROWS = 400
_MOST_BOXES = 6_000
_DAYS = 8


def draft_in(boxes: Mapping[str, Any]) -> Draft:
    """Return the draft that stands in the boxes. Raises `Invalid` for what no form of ours sends."""
    if len(boxes) > _MOST_BOXES:
        raise Invalid(tr("This form is larger than any tariff."))
    own = {name: text for name in texts_of(Draft) if (text := _text(boxes.get(name))) is not None}
    rows: dict[str, dict[int, dict[str, str]]] = {part: {} for part in NEW_ROWS}
    for name, value in boxes.items():
        if (match := _ROW.fullmatch(str(name))) and (text := _text(value)) is not None:
            rows[match[1]].setdefault(int(match[2]), {})[match[3]] = text
    if any(len(found) > _MOST_ROWS for found in rows.values()):
        raise Invalid(tr("A tariff has at most {most_rows} rows of a kind.", most_rows=_MOST_ROWS))
    return Draft(
        **own,
        seasons=keyed([_row(SeasonDraft(), found) for _, found in sorted(rows["seasons"].items())]),
        periods=[_period(found) for _, found in sorted(rows["periods"].items())],
        holidays=[_row(HolidayDraft(), found) for _, found in sorted(rows["holidays"].items())],
    )


def _period(found: Mapping[str, str]) -> PeriodDraft:
    period = _row(PeriodDraft(), {name: text for name, text in found.items() if name != "days"})
    days = found.get("days", "")
    return replace(period, days=[sign == "x" for sign in days]) if len(days) == _DAYS else period


def _row(row: Row, found: Mapping[str, str]) -> Row:
    known = {name: text for name, text in found.items() if name in texts_of(type(row))}
    return replace(row, **known)


def _text(value: object) -> str | None:
    """Return a text of a box, None for what is none."""
    return value if isinstance(value, str) and len(value) <= _LONGEST else None
