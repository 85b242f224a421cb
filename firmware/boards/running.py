"""Runs a node on a board: a thread that reads the meter, and this one, which sends, blinks and listens to USB."""

import _thread
import gc
import select
import sys

import machine

from boards.light import LightPattern, state_of
from node.claim import code_of, secret_of
from node.console import reply
from node.node import Node
from node.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from boards.esp32 import EspBoard
    from update.slots import Slots

_TURN_MS, _REST_MS = 100, 60_000
_MOST_TYPED = 4_096
# A program on trial that has got nothing through by then gives way to the one before.
_TRIAL_MS = 7_200_000


def run(make: "Callable[[Settings], EspBoard]", slots: "Slots") -> None:
    """Run for ever: whatever goes wrong ends in a fresh start."""
    from boards.esp32 import RingFlash  # noqa: PLC0415 - after the first lines of `main.py` have made room

    settings = Settings(RingFlash())
    settings.load()
    board = make(settings)
    board.updates = slots
    node = Node(board)
    # The meter first: a first reading within seconds, whatever the modem does.
    _thread.start_new_thread(_read_for_ever, (node, board))
    if not node.target.token:
        print("code", code_of(secret_of(node.settings, board)))  # noqa: T201 - the console
    try:
        _send_for_ever(node, board, slots)
    finally:
        machine.reset()


def _read_for_ever(node: Node, board: "EspBoard") -> None:
    try:
        while True:
            wait_ms = node.sample()
            board.ticks.sleep_ms(max(1, min(wait_ms, 1_000)))
    finally:
        machine.reset()


def _send_for_ever(node: Node, board: "EspBoard", slots: "Slots") -> None:
    ticks, pattern, typed = board.ticks, LightPattern(), ""
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    while not node.wants_restart:
        if slots.is_trial() and node.clock.uptime_ms() > _TRIAL_MS:
            return
        # A batch takes the most memory there is taken at once: what nobody needs is given back before.
        gc.collect()
        wait_ms = node.upload()
        started = rested = ticks.ms()
        while ticks.diff(ticks.ms(), started) < wait_ms and not node.wants_restart:
            if ticks.diff(ticks.ms(), rested) > _REST_MS:
                rested = ticks.ms()
                node.rest()
            board.light(pattern.is_lit(state_of(node), ticks.ms()))
            while poll.poll(0):
                typed = (typed + sys.stdin.read(1))[-_MOST_TYPED:]
                if typed[-1:] in "\r\n":
                    if typed.strip():
                        print(reply(typed.strip(), node))  # noqa: T201
                    typed = ""
            ticks.sleep_ms(_TURN_MS)
