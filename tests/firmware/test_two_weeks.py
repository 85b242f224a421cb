"""Two weeks without a network, a reading a minute, and then all of it at once."""

from __future__ import annotations

from node.quantities import ALL
from node.settings import Settings
from tests.firmware.simulated_board import SimulatedBoard
from tests.firmware.test_compiled import BLOCKS, filled
from tests.length import usual_or_long
from tools.deflate_tables import made_up_readings

DAYS = usual_or_long(2, 14)


def test_all_of_it_is_sent_once_and_as_it_was() -> None:
    flash, _ = filled(DAYS * 1440, BLOCKS)
    board = SimulatedBoard()
    board.flash = flash
    settings = Settings(flash)
    settings.load()
    settings.values["sources"] = ["acuvim-ii 3LN/3CT"]
    settings.store()
    node = board.start()
    board.drain()
    assert node.ring.dropped == 0
    assert board.portal.duplicates == board.portal.conflicts == 0
    sent = {reading.at: reading for reading in made_up_readings(DAYS * 1440)}
    assert {row["time"] for row in board.portal.rows.values()} == set(sent)
    for at, row in board.portal.rows.items():
        assert len(row) == len(ALL) + 2
        assert row["activePowerKw"] == (sent[at].values[0] or 0) / 10_000
        assert row["energyImportedKwh"] == (sent[at].values[6] or 0) / 10
    assert board.link.opened == 1
    # A tenth of a megabyte a day of thirty quantities, and a post for some thirty readings.
    assert board.portal.posts < DAYS * 60
    assert board.portal.bytes < DAYS * 200_000
