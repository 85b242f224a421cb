"""How a meter is doing, and what its board posted, in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from portal.client.add_meter import view as steps
from portal.client.sites.posts_view import advice_on, build_posts, build_unknown
from portal.client.sites.status import status_of
from portal.client.sites.view import build_sites
from portal.core.energy.rules.as_of import AsOf
from portal.core.meters.rules.losses import NotMeasured, not_measured_below, virtual_figure
from portal.core.meters.service import LastReading, MeterDetail, MeterNow, MetersNow, SiteNow
from portal.core.sites.queries.sites import StoredSite
from portal.core.sites.rules.meter_tree import Formula
from portal.core.sites.service.device_posts import BoardPost
from portal.core.sites.service.devices import StoredDevice

NOW = datetime(2026, 11, 26, 12, 20, tzinfo=UTC)
ZONE = "Africa/Johannesburg"
SITE = StoredSite(UUID(int=1), "Cold store", "4 Quay Street", None, None, None, is_active=True)
MINUTE = timedelta(minutes=1)


def device(number: int = 10, **more: object) -> StoredDevice:
    made = StoredDevice(
        UUID(int=number),
        SITE.id,
        SITE.name,
        f"M{number}",
        f"m-{number}",
        "",
        None,
        True,
        NOW - MINUTE,
        None,
        "m",
    )
    return replace(made, **more)


def now(
    device: StoredDevice, post: BoardPost | None = None, kwh: str | None = "1", **more: object
) -> MeterNow:
    made = MeterNow(device, 0, 1.0, None if kwh is None else Decimal(kwh), post)
    return replace(made, **more)


def post(status: int = 200, minutes: int = 1, **more: object) -> BoardPost:
    return replace(BoardPost(NOW - minutes * MINUTE, status, UUID(int=10), rows=1, stored_rows=1), **more)


@pytest.mark.parametrize(
    ("meter", "word", "tone"),
    [
        (now(device()), "Live", "ok"),
        (now(device(last_reading_at=NOW - 15 * MINUTE)), "15 min ago", "ok"),
        (now(device(last_reading_at=None)), "Waiting", "neutral"),
        (now(device(last_reading_at=NOW - 31 * MINUTE)), "Silent", "warn"),
        (now(device(last_reading_at=NOW - 31 * MINUTE), post()), "Late", "warn"),
        (now(device(clock_skew=-5 * MINUTE)), "Clock slow", "warn"),
        (now(device(clock_skew=5 * MINUTE)), "Clock fast", "warn"),
        (now(device(clock_skew=timedelta(days=-9000))), "Clock not set", "warn"),
        (now(device(clock_skew=5 * MINUTE), post(400, reason="cut off")), "Refused", "fail"),
        (now(device(), post(400, minutes=40)), "Live", "ok"),
        (now(device(), post(rows=3, stored_rows=2, refused_rows=1)), "Live", "ok"),
        (now(device(), post(rows=2, stored_rows=0, refused_rows=2)), "Refused", "fail"),
        (now(device(is_active=False), post(401)), "Inactive", "neutral"),
        (now(device(formula=Formula((UUID(int=11),)))), "Calculated", "neutral"),
    ],
)
def test_the_worst_of_its_troubles_is_said(meter: MeterNow, word: str, tone: str) -> None:
    status = status_of(meter, NOW)
    assert (status.word, status.tone) == (word, tone)


def test_a_formula_is_known_only_where_all_of_it_is() -> None:
    one, two = UUID(int=1), UUID(int=2)
    assert virtual_figure(Formula((one,), (two,)), {one: 5.0, two: 2.0}) == 3
    assert virtual_figure(Formula((one,), (two,)), {one: 5.0, two: None}) is None
    assert virtual_figure(Formula((one,), (two,)), {one: 5.0}) is None


def test_what_no_meter_below_measured_is_a_share_of_the_one_above() -> None:
    assert not_measured_below(Decimal(100), [Decimal(60), Decimal(35)]) == NotMeasured(
        Decimal(5), Decimal("0.05")
    )
    assert not_measured_below(Decimal(0), [Decimal(0)]) == NotMeasured(Decimal(0), None)
    assert not_measured_below(Decimal(100), []) is None
    assert not_measured_below(None, [Decimal(1)]) is None
    assert not_measured_below(Decimal(100), [Decimal(60), None]) is None


def test_losses_are_said_once() -> None:
    """Below the meter, unless a virtual meter says the same."""
    main, sub = device(10, name="Main"), device(11, name="Sub", parent_id=UUID(int=10))
    rest = device(12, name="Rest", formula=Formula((main.id,), (sub.id,)), last_reading_at=None)
    lost = now(main, not_measured=NotMeasured(Decimal(5), Decimal("0.05")))

    def notes(*meters: MeterNow) -> list[str]:
        found = MetersNow((SiteNow(SITE, ZONE, meters, 1.0, Decimal(1)),), AsOf(NOW, is_complete=True))
        return [row["note"] for row in build_sites(found, NOW, ZONE).cards[0]["meters"]]

    assert notes(lost, now(sub)) == ["5.00\u00a0kWh (5.0\u00a0%) of it not measured below today", ""]
    assert notes(lost, now(sub), now(rest)) == ["", "", "Main less Sub"]
    more = now(main, not_measured=NotMeasured(Decimal(-2), Decimal("-0.02")))
    assert notes(more, now(sub))[0] == "Meters below show 2.00\u00a0kWh (2.0\u00a0%) more today"


def test_a_post_says_what_became_of_it_and_what_to_do() -> None:
    mixed = post(rows=6, stored_rows=3, known_rows=2, refused_rows=1, reason="row 5: time has no UTC offset")
    [row] = build_posts([mixed], ZONE, NOW)
    assert row["words"] == "3 stored, 2 there already, 1 refused: row 5: time has no UTC offset"
    assert (row["at"], row["tone"], row["title"]) == ("14:19:00", "warn", "200, stored in part")
    assert "Write +02:00 or Z" in row["advice"]
    assert advice_on(post()) == ""


def test_an_unknown_token_is_told_by_its_length_and_end() -> None:
    cut = BoardPost(NOW, 401, token_length=63, token_last4="c9a4")
    other = BoardPost(NOW, 401, token_length=64, token_last4="0000")
    none = BoardPost(NOW, 401, token_length=0)
    rows = build_unknown([cut, other, none], "9a4e", ZONE, NOW)
    assert rows[0]["words"] == "63 characters came instead of 64; it ends in c9a4, this meter's in 9a4e."
    assert rows[0]["advice"] == "Copy the whole block again."
    assert "another board's" in rows[1]["advice"]
    assert rows[2]["words"].startswith("No token came")


def _detail(read: dict[str, float] | None, posts: tuple[BoardPost, ...] = (), **more: object) -> MeterDetail:
    at = None if read is None else NOW
    last = None if read is None else LastReading(NOW, read)
    found = MeterDetail(device(last_reading_at=at, max_power_kw=Decimal(104)), SITE, ZONE, last, posts, ())
    return replace(found, **more)


def _tones(detail: MeterDetail) -> list[str]:
    return [lamp["tone"] for lamp in steps.build_board(detail, NOW, NOW).lamps]


def test_the_lamps_say_how_far_the_board_has_come() -> None:
    unknown = BoardPost(NOW, 401, token_length=63)
    assert _tones(_detail(None)) == ["wait", "wait", "wait"]
    assert _tones(_detail(None, unknown_posts=(unknown,))) == ["ok", "fail", "wait"]
    assert _tones(_detail(None, (post(400, reason="empty"),))) == ["ok", "ok", "fail"]
    assert _tones(_detail({"active_power_kw": 18.2}, (post(),))) == ["ok", "ok", "ok"]


def test_the_first_reading_is_held_against_the_rated_power() -> None:
    phases = {f"voltage_l{n}_v": 231.0 for n in (1, 2, 3)}
    board = steps.build_board(_detail({**phases, "active_power_kw": 18.2}), NOW, NOW)
    assert board.words == "231 V on 3 phases, 18.20 kW: plausible for 104.0 kW"
    much = steps.build_board(_detail({"active_power_kw": 1820.0}), NOW, NOW)
    assert "Check the CT ratio" in much.words


def test_after_ten_minutes_of_nothing_there_is_a_list_to_go_through() -> None:
    since = NOW - 11 * MINUTE
    assert steps.build_board(_detail(None), NOW, NOW).checklist == []
    assert len(steps.build_board(_detail(None), since, NOW).checklist) == 5
    assert steps.build_board(_detail(None, (post(400),)), since, NOW).checklist == []


def test_the_block_and_the_line_hold_the_whole_token() -> None:
    block = steps.block_for("https://p.example", "ab" * 32, "m-10")
    assert '"token": "' + "ab" * 32 in block
    line = steps.curl_line("https://p.example", "ab" * 32, NOW, ZONE)
    assert "Bearer " + "ab" * 32 in line
    assert "2026-11-26T14:20:00+02:00" in line
