"""Drivers of modems, against one that never answers, answers late, talks in between, loses its context, browns out."""

from modems.a7670 import A7670
from modems.at import Modem, ModemError, epoch_of_cclk
from modems.sim800 import Sim800
from modems.wlan import Wlan
from node.http import post
from tests.firmware.checks import raises
from tests.firmware.simulated_board import SimulatedBoard, answered
from tests.firmware.simulated_meter import VirtualTicks
from tests.firmware.simulated_modem import SimulatedModem, SimulatedPpp

MINUTE = 60_000
APN = ("internet", "", "")


class NoSockets:
    """Opens nothing, and knows no time."""

    epoch_ms: "int | None" = None

    def ntp_ms(self) -> "int | None":
        return self.epoch_ms

    def open(self, host: str, port: int, tls: bool) -> str:  # noqa: FBT001 - as sockets have it
        return f"{host}:{port}:{tls}"


class Echo:
    """Answers each request with its length."""

    def answer(self, request: bytes) -> bytes:
        return answered(200, "x" * len(request))


def sim800() -> "tuple[SimulatedModem, Sim800, list[str]]":
    ticks = VirtualTicks()
    modem = SimulatedModem(ticks)
    starts: list[str] = []
    SimulatedPpp.activated = 0
    link = Sim800(modem, ticks, NoSockets(), APN, lambda: SimulatedPpp(modem), lambda: starts.append("again"))
    return modem, link, starts


def a7670(ca: "bytes | None" = None) -> "tuple[SimulatedModem, A7670]":
    ticks = VirtualTicks()
    modem = SimulatedModem(ticks, Echo())
    return modem, A7670(modem, ticks, APN, ca)


def within(modem: SimulatedModem, limit_ms: int, call: object, *arguments: object) -> object:
    """Return what a call gives, which may take so long."""
    started = modem.ticks.now
    try:
        return call(*arguments)
    finally:
        assert modem.ticks.now - started <= limit_ms, modem.ticks.now - started


def test_a_clock_of_a_modem_is_local_time_and_quarters_of_an_hour() -> None:
    assert epoch_of_cclk('"26/11/30,19:05:09+08"') == 1_796_058_309_000
    assert epoch_of_cclk('"26/11/30,17:05:09+00"') == 1_796_058_309_000
    assert epoch_of_cclk('"26/11/30,12:05:09-20"') == 1_796_058_309_000
    for none in ("", "26/11/30", '"aa/11/30,17:05:09+00"', '"26/11/30,17:05:09"'):
        assert epoch_of_cclk(none) is None


def test_a_sim800_dials_and_ppp_comes_up_once() -> None:
    modem, link, starts = sim800()
    within(modem, MINUTE, link.connect)
    link.connect()
    assert link.open("portal.example.com", 443, True) == "portal.example.com:443:True"
    assert (SimulatedPpp.activated, starts) == (1, [])
    assert link.signal_dbm() == -71
    modem.ticks.sleep_ms(5_000)
    assert link.epoch_ms() == 1_798_753_809_000 + 5_000 + (link._ticks.ms() - 5_000 - link._told[1])


def test_ppp_is_never_made_active_again_the_modem_loses_its_power_and_the_board_starts_anew() -> None:
    modem, link, starts = sim800()
    link.connect()
    modem.is_dialled = False
    assert raises(OSError, link.connect)
    link.reset()
    assert (modem.is_on, starts, SimulatedPpp.activated) == (False, ["again"], 1)


def test_a_sim800_that_was_never_up_is_switched_off_and_on_without_a_new_start() -> None:
    modem, link, starts = sim800()
    modem.moods.add("no network")
    assert raises(ModemError, within, modem, 2 * MINUTE, link.connect)
    link.reset()
    modem.moods.clear()
    within(modem, MINUTE, link.connect)
    assert (starts, SimulatedPpp.activated, modem.switched_off) == ([], 1, 1)


def test_a_sim800_that_browns_out_while_it_dials_is_found_again() -> None:
    modem, link, starts = sim800()
    modem.moods.add("brown-out")
    assert raises(ModemError, within, modem, 2 * MINUTE, link.connect)
    modem.moods.clear()
    within(modem, MINUTE, link.connect)
    assert (starts, SimulatedPpp.activated) == ([], 1)


def test_a_modem_that_never_answers_is_given_up_in_time_and_its_power_was_cut() -> None:
    for modem, link in (sim800()[:2], a7670()):
        modem.moods.add("silent")
        assert raises(ModemError, within, modem, 2 * MINUTE, link.connect)
        assert modem.switched_off == 1


def test_a_modem_that_answers_too_late_is_not_understood_as_somebody_else() -> None:
    modem, link = a7670()
    modem.moods.add("late")
    assert raises(ModemError, within, modem, 3 * MINUTE, link.connect)
    modem.moods.clear()
    modem.ticks.sleep_ms(MINUTE)
    within(modem, MINUTE, link.connect)


def test_lines_that_nobody_asked_for_are_no_answers() -> None:
    for modem, link in (sim800()[:2], a7670()):
        modem.moods.add("chatty")
        within(modem, MINUTE, link.connect)
        assert link.signal_dbm() == -71


def test_without_a_sim_card_or_a_network_there_is_no_way() -> None:
    for mood in ("no SIM", "no network"):
        modem, link = a7670()
        modem.moods.add(mood)
        assert raises(ModemError, within, modem, 2 * MINUTE, link.connect)


def test_an_a7670_sends_and_receives_over_its_own_sockets() -> None:
    for tls in (True, False):
        for mood in ("", "chatty"):
            modem, link = a7670(b"-----BEGIN CERTIFICATE-----" if tls else None)
            modem.moods.add(mood)
            link.connect()
            stream = link.open("portal.example.com", 443, tls)
            for size in (10, 2_500, 300):
                answer = post(stream, "portal.example.com", "/api/x", "token", memoryview(b"z" * size))
                assert answer.status == 200
                assert len(answer.body) > size
            stream.close()
            assert (tls and 'AT+CSSLCFG="authmode",0,1' in modem.commands) or not tls


def test_an_a7670_sees_that_the_other_side_is_gone() -> None:
    modem, link = a7670()
    link.connect()
    stream = link.open("portal.example.com", 443, True)
    modem.hangs_up()
    assert within(modem, MINUTE, stream.read, 100) == b""
    assert raises(OSError, stream.write, b"more")


def test_an_a7670_that_lost_its_address_while_connected_is_prepared_anew() -> None:
    modem, link = a7670()
    link.connect()
    modem.moods.add("context gone")
    assert raises(OSError, link.open, "portal.example.com", 443, False)
    assert raises(OSError, link.connect)
    modem.moods.clear()
    link.connect()
    assert link.open("portal.example.com", 443, False)


def test_an_a7670_that_browns_out_while_it_sends_is_found_again() -> None:
    modem, link = a7670()
    link.connect()
    stream = link.open("portal.example.com", 443, False)
    modem.moods.add("brown-out")
    assert raises(OSError, within, modem, MINUTE, stream.write, b"x" * 100)
    modem.moods.clear()
    assert raises(OSError, within, modem, MINUTE, link.connect)
    link.reset()
    within(modem, MINUTE, link.connect)
    assert link.open("portal.example.com", 443, False)


def test_an_a7670_tells_the_time_or_that_it_does_not_know() -> None:
    modem, link = a7670()
    link.connect()
    assert link.epoch_ms() == 1_798_753_809_000
    modem.moods.add("no time")
    assert (link.epoch_ms() or 0) < 1_767_225_600_000, "which the clock takes for no time"


def test_commands_end_with_the_modems_last_word() -> None:
    ticks = VirtualTicks()
    modem = SimulatedModem(ticks)
    modem.power(on=True)
    talk = Modem(modem, ticks)
    assert talk.command("AT+CSQ", "+CSQ:") == "21,0"
    assert talk.command("AT+NETOPEN", until="+NETOPEN:") == ""
    assert raises(ModemError, talk.prompt, 100)


def test_a_node_reads_on_its_minutes_through_all_moods_of_a_modem_and_loses_nothing() -> None:
    from node.settings import Settings  # noqa: PLC0415
    from tests.firmware.simulated_board import stored_registers  # noqa: PLC0415

    board = SimulatedBoard(blocks=24)
    kept = Settings(board.flash)
    kept.values = {"host": "portal.example.com", "token": "token", "every_s": 300, "tls": 0}
    kept.store()

    class Waiting(VirtualTicks):
        """While the modem has the sender wait, the reader of the meter goes on."""

        def sleep_ms(self, ms: int) -> None:
            board.block(ms)
            self.now = board.ticks.now

    board.link.connect = lambda: None
    ticks = Waiting(board.ticks.now)
    modem = SimulatedModem(ticks, board.portal)
    modem.cclk = "27/01/01,01:51:00+08"
    real = A7670(modem, ticks, APN)
    board.link = real
    board.start()
    for mood in ("", "silent", "", "chatty", "context gone", "late", "brown-out", "no network", ""):
        modem.moods.clear()
        modem.moods.add(mood)
        for _ in range(20):
            ticks.now = board.ticks.now
            board.run(60)
    modem.moods.clear()
    for _ in range(60):
        ticks.now = board.ticks.now
        board.run(60)
    found = stored_registers(board.portal)
    # What was read since the last post.
    assert len(set(board.taken) - set(found)) <= 6
    times = sorted(board.portal.rows)
    assert max([times[index + 1] - times[index] for index in range(1, len(times) - 1)]) <= 60
    assert board.portal.conflicts == 0


class Station:
    """MicroPython's WLAN as a station."""

    def __init__(self) -> None:
        self.is_there = True
        self.is_up = False

    def active(self, on: bool) -> None:  # noqa: FBT001
        self.is_up = self.is_up and on

    def connect(self, ssid: str, key: str) -> None:
        self.is_up = self.is_there and (ssid, key) == ("site", "secret")

    def disconnect(self) -> None:
        self.is_up = False

    def isconnected(self) -> bool:
        return self.is_up

    def status(self, what: str) -> int:
        return -60


def test_a_wlan_connects_tells_its_strength_and_gives_up_in_time() -> None:
    ticks, station = VirtualTicks(), Station()
    link = Wlan(station, ticks, NoSockets(), "site", "secret")
    link.connect()
    assert link.signal_dbm() == -60
    station.is_there = False
    link.reset()
    started = ticks.now
    assert raises(OSError, link.connect)
    assert ticks.now - started < MINUTE
