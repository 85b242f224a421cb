"""Times as boards write them are instants, and what is none says why."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.readings.rules.board_times import board_instant

AT = datetime(2026, 10, 1, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01T03:04:05Z",
        "2026-10-01t03:04:05z",
        "2026-10-01 03:04:05Z",
        "2026-10-01T05:04:05+02:00",
        "2026-10-01T05:04:05+0200",
        "2026-10-01T05:04:05+02",
        "2026-10-01T05:04:05 +02:00",
        "2026-10-01T03:04:05-00:00",
        "2026-10-01T03:04:05-0000",
        "2026-09-30T23:34:05\u221203:30",
        "20261001T030405Z",
        "20261001T050405+0200",
        "20261001T050405+02",
        "2026-10-01T030405Z",
        "2026-W40-4T03:04:05Z",
        "2026W404T030405Z",
        "2026-274T03:04:05Z",
        "2026274T030405Z",
        "2026-10-01T03:04:05.000Z",
        "2026-10-01T03:04:05,000000000Z",
        "2026-10-01T03:04:04.999999999Z",
        "2026-10-01T03:04,083333333333333Z",
        " 2026-10-01T03:04:05Z\r\n",
        "1790823845",
        "1790823845000",
        1790823845,
        1790823845.0,
        1790823845000,
        1.790823845e12,
    ],
)
def test_every_form_is_the_same_instant(text: str | float) -> None:
    found = board_instant(text)
    assert found == AT
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-10-01T03:04Z", AT.replace(second=0)),
        ("20261001T0304Z", AT.replace(second=0)),
        ("2026-10-01T03Z", AT.replace(minute=0, second=0)),
        ("2026-10-01T03.5Z", AT.replace(minute=30, second=0)),
        ("2026-10-01T24:00:00Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("20261231T24+00", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T23:59:60Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2024-366T00:00Z", datetime(2024, 12, 31, tzinfo=UTC)),
        (1790823845.25, AT + timedelta(milliseconds=250)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_parts_left_out_are_zero_and_the_end_of_a_day_is_the_next_one(
    text: str | float, at: datetime
) -> None:
    assert board_instant(text) == at


@pytest.mark.parametrize(
    "text", ["2026-10-01T03:04:05", "20261001T030405", "2026-10-01 03:04", "2026-W40-4T03"]
)
def test_a_time_without_an_offset_is_refused_and_told_so(text: str) -> None:
    with pytest.raises(ValueError, match="without a UTC offset"):
        board_instant(text)


@pytest.mark.parametrize(
    "sent",
    [
        "", "Z", "yesterday", "2026-10-01", "2026-10-01Z", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-10-01T25:00:00Z", "2026-10-01T24:00:01Z", "2026-10-01T03:60:00Z", "2026-10-01T03:04:61Z",
        "2026-10-01T03:04:05+24:00", "2026-10-01T03:04:05+02:60", "2026-366T00:00Z", "2026-000T00:00Z",
        "2026-W54-1T00:00Z", "0000-01-01T00:00Z", "0001-01-01T00:00+14:00", "9999-12-31T24:00:00Z", "01/10/2026 03:04Z",
        "20261001", "\u0662026-10-01T03:04:05Z", "2" * 10_000_000, 1e14, 1e300, -1e14,
        float("inf"), float("-inf"), float("nan"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_in_few_words(sent: str | float) -> None:
    with pytest.raises(ValueError, match="is not an ISO 8601 time") as refused:
        board_instant(sent)
    assert len(str(refused.value)) < 200


_OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2010, 1, 2), datetime(2100, 1, 1), timezones=_OFFSETS))  # noqa: DTZ001
def test_a_time_is_the_same_in_the_strict_form_the_basic_one_and_since_1970(at: datetime) -> None:
    strict = msgspec.json.Decoder(datetime).decode(msgspec.json.encode(at))
    assert strict == at == board_instant(at.isoformat()) == board_instant(at.strftime("%Y%m%dT%H%M%S,%f%z"))
    to_the_millisecond = at.replace(microsecond=at.microsecond // 1000 * 1000)
    since = (to_the_millisecond - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert board_instant(since) == board_instant(since / 1000) == to_the_millisecond


@given(st.text(alphabet="0123456789-:.,+TtZzW ", max_size=40))
def test_any_text_is_an_aware_instant_or_refused(text: str) -> None:
    try:
        at = board_instant(text)
    except ValueError:
        return
    assert at.utcoffset() == timedelta(0)


@given(st.integers(0, 999_999_999))
def test_nine_digits_of_a_second_are_rounded_as_the_strict_form_is(nanoseconds: int) -> None:
    strict = f"2026-10-01T03:04:05.{nanoseconds:09}Z"
    assert board_instant(strict) == msgspec.json.Decoder(datetime).decode(f'"{strict}"')
