"""What a board does besides sending: comes by its token, takes settings over, fetches a release, under both Pythons."""

import json

from node.claim import code_of
from node.offers import settings_in
from node.quantities import ALL
from node.settings import Settings
from tests.firmware.checks import NAMES
from tests.firmware.release import BUNDLE, MODULUS, OTHER_MODULUS, VERSION
from tests.firmware.simulated_board import SimulatedBoard, SimulatedPortal, answered
from tests.firmware.simulated_files import SimulatedFiles
from update.slots import Slots

TOKEN = "ab" * 32
HOUR = 3600


class OfferingPortal(SimulatedPortal):
    """Answers what boards ask for besides; `part_bytes` of a release at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.token = TOKEN
        self.claimed: str | None = None
        self.settings: dict[str, object] = {"version": 1, "settings": {}}
        self.bundle = BUNDLE
        self.part_bytes = 400
        self.asked: list[str] = []

    def answer(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        path = str(head.split(b" ")[1], "ascii")
        self.asked.append(path)
        if path == "/api/ingest/claim":
            if self.claimed is None or code_of(json.loads(body)["secret"]) != self.claimed:
                return answered(404, '{"error":{"code":"not_found","message":"not yet"}}')
            return answered(200, json.dumps({"token": self.token}))
        if path == "/api/ingest/settings":
            return answered(200, json.dumps(self.settings))
        if path.startswith("/api/ingest/firmware/"):
            return self._part(int(path.split("offset=")[1]))
        return super().answer(request)

    def _part(self, offset: int) -> bytes:
        part = self.bundle[offset : offset + self.part_bytes]
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(part)}\r\nx-bundle-bytes: {len(self.bundle)}\r\n\r\n"
        return head.encode() + part


def board(key: int = MODULUS, **settings: object) -> "tuple[SimulatedBoard, OfferingPortal]":
    made, portal = SimulatedBoard(blocks=24), OfferingPortal()
    kept = Settings(made.flash)
    kept.values = {"host": "portal.example.com", "token": TOKEN, "every_s": 300}
    kept.values.update(settings)
    kept.store()
    made.portal = made.link.portal = portal
    files = SimulatedFiles()
    files.files = {"a/version": b"1.0.0"}
    made.updates = Slots(files, key)
    made.updates.choose()
    made.start()
    return made, portal


def test_a_board_asks_until_its_code_was_typed_in_and_sends_what_it_read_meanwhile() -> None:
    made, portal = board(token="")
    made.run(600)
    assert made.node is not None
    assert portal.rows == {}
    assert 10 < portal.asked.count("/api/ingest/claim") <= 21
    portal.claimed = code_of(made.node.settings.text("claim_secret"))
    made.run(700)
    assert made.node.settings.text("token") == TOKEN
    assert len(portal.rows) >= 14, "from the first minute on"
    row = portal.rows[max(portal.rows)]
    assert len([name for name in NAMES if name in row]) == len(ALL)
    made.run(2 * HOUR)
    row = portal.rows[max(portal.rows)]
    assert len([name for name in NAMES if name in row]) == 8


def test_a_board_without_a_way_or_with_a_portal_that_says_something_else_keeps_asking() -> None:
    made, portal = board(token="")
    made.link.is_up = False
    made.run(2 * HOUR)
    assert made.link.resets >= 1
    made.link.is_up = True
    assert made.node is not None
    portal.claimed = (
        code_of(made.node.settings.text("claim_secret")) if made.node.settings.text("claim_secret") else None
    )
    portal.token = "short"
    made.run(HOUR)
    portal.claimed = code_of(made.node.settings.text("claim_secret"))
    made.run(HOUR)
    assert made.node.settings.text("token") == ""
    portal.token = TOKEN
    made.run(HOUR)
    assert made.node.settings.text("token") == TOKEN
    assert len(portal.rows) >= 250


def test_a_board_whose_token_is_refused_comes_by_another_where_its_code_is_typed_in_again() -> None:
    made, portal = board(token="cd" * 32)
    made.run(HOUR)
    assert made.node is not None
    assert portal.rows == {}
    portal.claimed = code_of(made.node.settings.text("claim_secret"))
    made.run(4 * HOUR)
    assert made.node.settings.text("token") == TOKEN
    assert len(portal.rows) >= 60


def test_settings_are_taken_over_once_and_what_is_not_named_is_as_it_was_made() -> None:
    made, portal = board(unit=1, wanted=[0, 6])
    portal.settings = {
        "version": 3,
        "settings": {"periodSeconds": 30, "everySeconds": 600, "quantities": ["energyImportedKwh"]},
    }
    portal.says = {"settings": 3}
    made.run(600)
    assert made.node is not None
    assert made.node.wants_restart
    node = made.start()
    assert (node.target.settings_version, node.target.every_ms, node.target.wanted) == (3, 600_000, (6,))
    asked = portal.asked.count("/api/ingest/settings")
    made.run(HOUR)
    assert portal.asked.count("/api/ingest/settings") == asked
    portal.settings, portal.says = {"version": 4, "settings": {}}, {"settings": 4}
    made.run(1200)
    assert made.start().target.every_ms == 1_800_000


def test_what_is_no_sound_setting_is_left_out() -> None:
    for body in (
        b"",
        b"<html>",
        b"[]",
        b'{"version":1}',
        b'{"version":"1","settings":{}}',
        b'{"version":1,"settings":[]}',
    ):
        assert settings_in(body) is None, body
    found = settings_in(
        b'{"version":7,"settings":{"periodSeconds":1,"everySeconds":"x","meterAddress":300,"transformerRatios":[1],'
        b'"quantities":["voltageV","colour"],"token":"stolen"}}'
    )
    assert found is not None
    assert found["settings_version"] == 7
    assert (found["period_s"], found["every_s"], found["unit"], found["ratios"]) == (None, None, None, None)
    assert found["wanted"] == [4]
    assert "token" not in found


def test_a_release_is_fetched_in_parts_through_a_line_that_breaks_and_started() -> None:
    made, portal = board()
    portal.says = {"update": VERSION}
    made.link.moods = ["", "", "request lost", "answer cut", "answer lost", ""] * 3
    made.run(2 * HOUR)
    assert made.node is not None
    assert made.updates is not None
    assert made.node.wants_restart
    offsets = [int(path.split("offset=")[1]) for path in portal.asked if "firmware" in path]
    assert offsets == sorted(offsets), "from where it was cut off"
    made.updates.choose()
    assert made.updates.running == VERSION
    portal.says = {}
    made.start()
    made.run(HOUR)
    assert not made.updates.is_trial(), "the portal has taken readings of it"


def test_a_release_that_is_not_signed_for_it_is_fetched_once_and_said_to_have_failed() -> None:
    made, portal = board(OTHER_MODULUS)
    portal.says = {"update": VERSION}
    made.run(4 * HOUR)
    assert made.node is not None
    assert not made.node.wants_restart
    assert [path.split("offset=")[1] for path in portal.asked if "firmware" in path].count("0") == 1
    assert made.updates is not None
    assert made.updates.failed == VERSION
    assert made.start().target.failed_update == VERSION
