"""Axes, paths and pictures of charts."""

import struct
import zlib
from base64 import b64decode
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ui.plots import Scale, band_path, broken, line_path, mask_url, scale_of, time_ticks

ZONE = ZoneInfo("Africa/Johannesburg")
AT = datetime(2026, 11, 25, tzinfo=ZONE)
FIGURES = st.floats(-1e6, 1e6)


@given(values=st.lists(FIGURES, min_size=1, max_size=50), from_zero=st.booleans())
def test_every_value_fits_between_round_ends(values: list[float], *, from_zero: bool) -> None:
    scale = scale_of(values, from_zero=from_zero)
    room = (scale.top - scale.bottom) * 1e-6
    assert scale.bottom - room <= min(values)
    assert max(values) <= scale.top + room
    assert 2 <= len(scale.ticks) <= 7
    assert not from_zero or scale.bottom - room <= 0 <= scale.top + room


@pytest.mark.parametrize(
    ("values", "from_zero", "ticks"),
    [
        ([3, 53.8], True, (0, 20, 40, 60)),
        ([229, 231.2], False, (229, 230, 231, 232)),
        ([0, 0], True, (0, 0.2, 0.4, 0.6)),
    ],
)
def test_ticks_are_round(values: list[float], ticks: tuple[float, ...], *, from_zero: bool) -> None:
    assert scale_of(values, from_zero=from_zero).ticks == ticks


def test_a_line_is_broken_at_a_gap() -> None:
    scale = Scale(0, 10, (0, 10))
    assert line_path([[(0, 0), (0.5, 10)], [(0.75, 5)]], scale) == "M0 1000L500 0M750 500L750 500"
    assert band_path([[(0, 0), (1, 0)]], [[(0, 10), (1, 5)]], scale) == "M0 0L1000 500 1000 1000 0 1000Z"


def test_points_further_apart_than_usual_are_not_joined() -> None:
    minutes = [0, 5, 10, 40, 45]
    points = [(AT + timedelta(minutes=m), float(m)) for m in minutes]
    runs = broken([*points, (AT + timedelta(minutes=50), None)], timedelta(minutes=8))
    assert [[value for _, value in run] for run in runs] == [[0, 5, 10], [40, 45]]


@pytest.mark.parametrize(
    ("days", "first", "last"),
    [
        (1, "00:00", "21:00"),
        (7, "Wed 25", "Tue 1"),
        (30, "30 Nov", "21 Dec"),
        (365, "Dec", "Nov"),
        (3650, "2027", "2036"),
    ],
)
def test_an_axis_of_time_has_round_words(days: int, first: str, last: str) -> None:
    ticks = time_ticks(AT, AT + timedelta(days=days), ZONE)
    assert (ticks[0].text, ticks[-1].text) == (first, last)
    assert 4 <= len(ticks) <= 14
    assert all(0 <= tick.at < 1 for tick in ticks)


def test_hours_of_a_day_of_25_are_where_they_are() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(2026, 10, 25, tzinfo=berlin)
    ticks = time_ticks(midnight, datetime(2026, 10, 26, tzinfo=berlin), berlin)
    assert len({tick.at for tick in ticks}) == len(ticks)


def test_a_mask_is_a_picture_of_opacities() -> None:
    url = mask_url([[0.0, 1.0], [0.5, 2.0], [0.0, -1.0]])
    content = b64decode(url.removeprefix("data:image/png;base64,"))
    assert content.startswith(b"\x89PNG")
    assert struct.unpack("!II", content[16:24]) == (3, 2)
    length = struct.unpack("!I", content[33:37])[0]
    pixels = zlib.decompress(content[41 : 41 + length])
    assert [pixels[2:7:2], pixels[9:14:2]] == [bytes((0, 128, 0)), bytes((255, 255, 0))]
