"""The Data quality page in words and pictures."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.energy.rules.judging import ProposalKind, RegisterFacts, judge
from portal.core.errors import NotFound
from portal.core.quality.queries.meter_events import StoredEvent
from portal.core.quality.queries.months import QualityDevice
from portal.core.quality.rules.answers import AnswerableEvent, EventAnswer, answers_to
from portal.core.quality.rules.effects import Effect, SpanEffect
from portal.core.quality.rules.pictures import RegisterPicture, RegisterPoint, picture_around
from portal.core.quality.service.effects import AnsweredEvent
from portal.core.quality.service.quality_months import DayCoverage, DeviceCoverage, QualityMonth
from portal.core.values.time import epoch_microseconds
from portal.features.data_quality import view
from portal.features.data_quality.addresses import QualityAddress, read_address
from portal.features.data_quality.event_view import build_event, correction_of
from portal.features.data_quality.pictures import NARROW, WIDE, coverage_picture, register_picture
from portal.features.data_quality.scales import Frame
from portal.features.data_quality.words import QUESTIONS, REASONS, answer_words

AT = datetime(2026, 11, 24, 8, 40, tzinfo=UTC)
JOBURG = "Africa/Johannesburg"
MINUTE, KWH = 60_000_000, 1_000_000
EVENT = StoredEvent(
    key=(UUID(int=1),),
    device_name="Cold <room> 2",
    external_id="hff-cold-2",
    site_name="Cold store",
    municipality_id=1,
    kind=ProposalKind.EXCHANGE,
    at=AT,
    until=AT,
    readings=1,
    closing_milliwh=1_127_436_200_000,
    opening_milliwh=11_248_000_000,
    milliwh=0,
    reasons=(),
    shift=None,
    watts=None,
    proposed_at=AT,
    is_waiting=True,
)


def _picture() -> RegisterPicture:
    at = epoch_microseconds(AT)
    old = [(at - (100 - n) * 10 * MINUTE, 1_127_000 * KWH + n * KWH) for n in range(90)]
    odd = [(at - 20 * MINUTE, 4_294_967 * KWH)]
    new = [(at + n * 10 * MINUTE, 11_248 * KWH + n * KWH) for n in range(90)]
    judgement = judge([*old, *odd, *new], RegisterFacts(rated_watts=100_000))
    return picture_around(judgement, old[-1][0], at, 120 * MINUTE)


def _answered(event: StoredEvent = EVENT, effects: tuple[Effect, ...] = ()) -> AnsweredEvent:
    asked = AnswerableEvent(
        kind=event.kind,
        at=epoch_microseconds(AT),
        before_at=epoch_microseconds(AT - timedelta(minutes=90)),
        closing_milliwh=event.closing_milliwh,
        opening_milliwh=event.opening_milliwh,
        boxes=(),
    )
    return AnsweredEvent(event, asked, date(2026, 11, 24), JOBURG, "ZAR", effects, _picture(), True, ())


def test_an_exchange_is_one_question_with_three_answers_and_what_each_does() -> None:
    no = SpanEffect(Decimal("498.2"), Decimal(0), None)
    lost = SpanEffect(None, Decimal("-1160.7"), Decimal("-3190.1"))
    some = SpanEffect(Decimal("187.5"), Decimal("-310.7"), Decimal("-861.23"))
    shown = build_event(
        _answered(effects=(Effect(EventAnswer.CONFIRM, no, no), Effect(EventAnswer.REJECT, some, lost)))
    )
    assert shown.question == "Was the meter of Cold <room> 2 exchanged?"
    assert shown.why.startswith("24 Nov 2026, 09:10 to 24 Nov, 10:40. The register went on")
    confirm, correct, reject = shown.answers
    assert (confirm["words"], confirm["is_now"]) == ("The meter was exchanged", True)
    assert confirm["note"] == "Old line to 24 Nov, 09:10, new line from 24 Nov, 10:40; the step is no energy."
    assert (confirm["day_kwh"], confirm["day_change"]) == ("498.2\u00a0kWh", "no change")
    assert confirm["button"] == "Decide: no change"
    assert (correct["is_correction"], correct["has_effects"], correct["button"]) == (True, False, "Decide")
    assert reject["since_kwh"] == "no readings"
    assert reject["since_change"] == "\u22121\u2009160.70\u00a0kWh, \u2212R\u00a03\u2009190.10"
    assert reject["button"] == "Decide: \u22121\u2009471.40\u00a0kWh, \u2212R\u00a04\u2009051.33"
    gap = SpanEffect(Decimal("498.2"), Decimal(0), None, Decimal(11))
    (_, in_a_gap, _) = build_event(_answered(effects=(Effect(EventAnswer.CORRECT, gap, no),))).answers
    assert in_a_gap["button"] == "Decide: +11.00\u00a0kWh in gaps"
    assert shown.at_value == "2026-11-24T10:40"


@pytest.mark.parametrize("kind", ProposalKind)
def test_every_kind_of_event_has_its_words(kind: ProposalKind) -> None:
    event = replace_kind(kind)
    shown = build_event(_answered(event))
    assert "{" not in shown.question + shown.why + "".join(card["note"] for card in shown.answers)
    assert [card["key"] for card in shown.answers] == [
        each.value for each in answers_to(_answered(event).asked)
    ]
    assert (kind in QUESTIONS, kind in REASONS) == (True, True)
    assert view.what_happened(event)


def replace_kind(kind: ProposalKind) -> StoredEvent:
    watts = 58_000 if kind is ProposalKind.LEARNED_BOUND else None
    return EVENT._replace(kind=kind, watts=watts, readings=3)


def test_what_an_answer_means_is_said_of_each() -> None:
    for kind in ProposalKind:
        asked = _answered(replace_kind(kind)).asked
        said = [answer_words(kind, answer)[0] for answer in answers_to(asked)]
        assert len(set(said)) == len(said)


@pytest.mark.parametrize("frame", [WIDE, NARROW])
def test_the_picture_is_sound_and_says_what_it_shows(frame: Frame) -> None:
    svg = register_picture(_picture(), JOBURG, frame, 'Register of "Cold <room> 2"')
    root = ET.fromstring(svg)
    assert root.get("aria-label") == 'Register of "Cold <room> 2"'
    words = [each.text for each in root.iter("text")]
    assert any("4\u2009294\u2009967.0" in (word or "") for word in words)
    assert len([each for each in root.iter("path") if each.get("class") == "ui-q-line"]) == 2
    assert [each for each in root.iter("path") if each.get("class") == "ui-q-break"]
    for each in root.iter():
        for name in ("x", "cx"):
            assert -1 <= float(each.get(name, "0")) <= frame.width + 1


def test_a_picture_of_nothing_is_none() -> None:
    assert register_picture(RegisterPicture(), JOBURG, WIDE, "x") == ""
    alone = RegisterPicture(((RegisterPoint(1, 1),),))
    assert register_picture(alone, JOBURG, WIDE, "x") == ""


@given(
    st.lists(
        st.tuples(st.integers(0, (1 << 24) - 1), st.integers(0, (1 << 24) - 1)), min_size=28, max_size=31
    )
)
def test_the_calendar_shows_every_hour_once(days: list[tuple[int, int]]) -> None:
    lines = [DayCoverage(date(2026, 5, 1), asked, covered, 0) for asked, covered in days]
    svg = coverage_picture(lines, "Main: 3 hours missing")
    drawn = {each.get("class"): each.get("d", "") for each in ET.fromstring(svg).iter("path")}
    for name, expected in (
        ("ui-q-covered", [asked & covered for asked, covered in days]),
        ("ui-q-missing", [asked & ~covered for asked, covered in days]),
    ):
        heights = [int(part.split("v")[1].split("h")[0]) for part in drawn[name].split("M")[1:]]
        assert sum(heights) == sum(bits.bit_count() for bits in expected)


def test_what_is_typed_is_read_as_people_write_it() -> None:
    known = correction_of(
        {"closing": "1 127 469,8", "opening": "11246.0", "at": "2026-11-24T10:35", "ratio": "100 / 5"}, JOBURG
    )
    assert known.closing_milliwh == 1_127_469_800_000
    assert known.opening_milliwh == 11_246_000_000
    assert known.at == epoch_microseconds(datetime(2026, 11, 24, 8, 35, tzinfo=UTC))
    assert known.scale == (100, 5)


@pytest.mark.parametrize(
    "typed", [{"closing": "about 5"}, {"at": "yesterday"}, {"ratio": "5"}, {"opening": "1e99"}]
)
def test_what_cannot_be_read_is_said(typed: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        correction_of(typed, JOBURG)


def test_the_address_says_what_is_shown_and_comes_back() -> None:
    today = date(2026, 11, 26)
    asked = QualityAddress(view.SUSPECTS, date(2026, 9, 1), str(UUID(int=3)), "x.exchange.1")
    query = dict(part.split("=") for part in asked.query(today).split("&"))
    assert read_address(query, today) == asked
    assert read_address({}, today) == QualityAddress(view.TO_DECIDE, date(2026, 11, 1))
    assert QualityAddress(view.TO_DECIDE, date(2026, 11, 1)).query(today) == ""
    assert asked.stepped(-9).month == date(2025, 12, 1)


@pytest.mark.parametrize("month", ["2027-01", "1900-01", "x", "2026-13"])
def test_a_month_that_cannot_be_is_this_one(month: str) -> None:
    assert read_address({"month": month}, date(2026, 11, 26)).month == date(2026, 11, 1)


def test_a_site_that_is_no_id_is_not_there() -> None:
    with pytest.raises(NotFound):
        _ = QualityAddress(view.TO_DECIDE, date(2026, 11, 1), "depot").site_id


def test_only_a_month_without_a_gap_is_whole() -> None:
    device = QualityDevice(UUID(int=1), "Main", "Depot", True, True, AT)
    all_day = (1 << 24) - 1
    days = [DayCoverage(date(2026, 11, n), all_day, all_day, 0) for n in range(1, 31)]
    [whole] = view.coverage_rows([DeviceCoverage(device, tuple(days))])
    missing = [days[0]._replace(covered=all_day - 1), *days[1:]]
    [nearly] = view.coverage_rows([DeviceCoverage(device, tuple(missing))])
    assert (whole["percent"], nearly["percent"]) == ("100\u00a0%", "99.9\u00a0%")
    assert "1 hour missing" in nearly["picture"]
    assert view.percent(0, 0) == "\u2014"


def test_a_month_without_a_calendar_says_why() -> None:
    device = QualityDevice(UUID(int=1), "Main", "Depot", True, True, AT)
    month = QualityMonth(date(2026, 12, 1), JOBURG, (), (), (), (), {device.id: device}, has_whole_hour=False)
    assert view.coverage_note(month) == ""
    assert view.no_coverage(month)[0] == "December 2026 has just begun"
    assert view.no_coverage(replace(month, has_whole_hour=True))[0] == "No readings in this month"
    assert view.no_coverage(replace(month, names={}))[0] == "No meters yet"
