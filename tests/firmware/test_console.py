"""What a board answers over USB, what its light says, and the code that it shows."""

import json

from boards.light import (
    FLASH_FOREIGN,
    METER_SILENT,
    NO_TOKEN,
    NO_WAY,
    UNWELCOME,
    WELL,
    LightPattern,
    state_of,
)
from node.claim import code_of, secret_of
from node.console import reply
from tests.firmware.lives import started
from tests.firmware.simulated_board import SimulatedBoard


def test_a_board_is_set_up_by_a_line() -> None:
    board = SimulatedBoard()
    node = board.start()
    assert reply('{"host": "portal.example.com", "apn": "internet", "token": "abc"}', node) == "ok"
    assert reply("restart", node) == "restarting"
    assert node.wants_restart
    again = board.start()
    assert (again.target.host, again.target.token) == ("portal.example.com", "abc")
    assert reply('{"apn": null}', again) == "ok"
    assert board.start().settings.text("apn") == ""


def test_what_is_shown_has_no_secret_in_it() -> None:
    board = started(apn_password="hush", wlan_key="hush", token="hush-hush")
    board.run(120)
    assert board.node is not None
    text = reply("show", board.node)
    shown = json.loads(text)
    assert "hush" not in text
    assert secret_of(board.node.settings, board) not in text
    assert shown["has_token"]
    assert shown["counted"]["taken"] == board.node.counters.taken > 0
    assert shown["host"] == "portal.example.com"


def test_what_is_no_setting_is_refused_by_name() -> None:
    node = SimulatedBoard().start()
    before = dict(node.settings.values)
    for line in ("help", "[]", "{", '{"meter_ahead_s": 5}', '{"hots": "x"}'):
        assert reply(line, node).startswith("no: "), line
    assert reply('{"hots": "x"}', node) == "no: unknown hots"
    assert node.settings.values == before


def test_the_code_is_the_same_as_long_as_the_secret_is_kept() -> None:
    board = SimulatedBoard()
    node = board.start()
    code = code_of(secret_of(node.settings, board))
    assert len(code) == 14
    assert code_of(secret_of(board.start().settings, board)) == code
    other = SimulatedBoard()
    other._chance = 12
    assert code_of(secret_of(other.start().settings, other)) != code


def test_the_light_says_what_is_worst() -> None:
    board = started()
    board.run(600)
    node = board.node
    assert node is not None
    assert state_of(node) == WELL
    board.link.is_up = False
    board.run(3600)
    assert state_of(node) == NO_WAY
    board.link.is_up = True
    board.portal.token = "another"
    board.run(3600)
    assert state_of(node) == UNWELCOME
    board.meter.faults = ["silent"] * 1000
    board.run(120)
    assert state_of(node) == METER_SILENT
    node.is_degraded = True
    assert state_of(node) == FLASH_FOREIGN
    assert state_of(SimulatedBoard().start()) == NO_TOKEN


def test_blinks_can_be_counted() -> None:
    pattern = LightPattern()
    for state in range(1, 6):
        lit = [pattern.is_lit(state, ms) for ms in range(0, 3000, 10)]
        assert len([at for at in range(1, 300) if lit[at] and not lit[at - 1]]) + lit[0] == state
    assert sum([pattern.is_lit(WELL, ms) for ms in range(3000)]) < 100
