"""The boxes of the tariff's form read back as the draft they show, and nothing else gets in by them."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.client.rates.boxes import draft_in
from portal.client.rates.draft import Draft, HolidayDraft, PeriodDraft, SeasonDraft, keyed
from portal.core.errors import Invalid

_TEXT = st.text(max_size=40)
_DRAFTS = st.builds(
    Draft,
    id=_TEXT,
    municipality_id=_TEXT,
    name=_TEXT,
    first=_TEXT,
    rate=_TEXT,
    is_active=st.sampled_from(["active", "draft"]),
    note=_TEXT,
    base=_TEXT,
    seasons=st.lists(st.builds(SeasonDraft, name=_TEXT, rate=_TEXT), max_size=12).map(keyed),
    periods=st.lists(
        st.builds(
            PeriodDraft,
            name=_TEXT,
            season=_TEXT,
            days=st.lists(st.booleans(), min_size=8, max_size=8),
            start=_TEXT,
            rate=_TEXT,
        ),
        max_size=12,
    ),
    holidays=st.lists(st.builds(HolidayDraft, on=_TEXT, name=_TEXT), max_size=12),
)


def _boxes(draft: Draft) -> dict[str, Any]:
    """What the form of a draft sends."""
    boxes: dict[str, Any] = {}
    for name, value in asdict(draft).items():
        if isinstance(value, str):
            boxes[name] = value
        else:
            for index, row in enumerate(value):
                boxes |= {f"{name}.{index}.{field}": _sent(box) for field, box in row.items()}
    return boxes


def _sent(box: object) -> object:
    return "".join("x" if on else "-" for on in box) if isinstance(box, list) else box


@given(_DRAFTS)
def test_what_a_form_shows_is_what_comes_back(draft: Draft) -> None:
    assert draft_in(_boxes(draft)) == draft


def test_a_form_of_the_release_before_knew_a_season_by_its_name() -> None:
    found = draft_in({"seasons.0.name": "High", "seasons.1.name": "", "periods.0.season": "High"})
    assert [season.key for season in found.seasons] == ["High", "(2)"]
    assert found.periods[0].season == found.seasons[0].key


@pytest.mark.parametrize(
    "boxes",
    [
        {"name": 7, "rate": None, "periods.0.name": ["x"], "is_active": True},
        {"name": "x" * 501, "note": "y" * 10_000},
        {
            "__class__": "x",
            "periods.0.__class__": "x",
            "periods.0.__module__": "x",
            "seasons": "x",
            "periods.0.days": "xx",
        },
        {"periods.-1.name": "x", "periods.9999.name": "x", "periods.0.name.1": "x", "prices.0.name": "x"},
    ],
    ids=["no texts", "too long", "no boxes", "no places"],
)
def test_what_no_form_sends_is_left_out(boxes: dict[str, Any]) -> None:
    found = draft_in(boxes)
    assert [*found.seasons, *found.holidays] == []
    assert found.periods in ([], [PeriodDraft()])
    assert (found.name, found.note, found.rate) == ("", "", Draft().rate)


@pytest.mark.parametrize("count", [401, 6_001])
def test_a_form_larger_than_any_tariff_is_refused(count: int) -> None:
    with pytest.raises(Invalid):
        draft_in(
            {
                f"holidays.{number % 1000}.{'on' if number < 1000 else 'x' * (number // 1000)}": "x"
                for number in range(count)
            }
        )
