"""What is made and done on a host: bundles, the partition table, setting a board up over its line."""

from __future__ import annotations

import json
from hashlib import md5
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from node.console import reply
from tests.firmware.simulated_board import SimulatedBoard
from tools.bundle import compiled, modulus_of, new_key, packed
from tools.partitions import TABLE, table
from tools.provision import settings_of, told
from update.bundle import Bundle

if TYPE_CHECKING:
    from pathlib import Path


def _check(bundle: bytes, key: rsa.RSAPrivateKey) -> str:
    return Bundle(lambda offset, most: bundle[offset : offset + most]).check(int(modulus_of(key), 16))


def test_a_release_of_everything_is_small_and_a_board_takes_it(tmp_path: Path) -> None:
    key = new_key(tmp_path / "release.pem")
    assert (tmp_path / "release.pem").stat().st_mode & 0o077 == 0
    files = compiled("1.2.3")
    bundle = packed("1.2.3", files, key)
    assert _check(bundle, key) == "1.2.3"
    assert b"1.2.3" in files["node/version.mpy"]
    assert {"node/node.mpy", "modems/sim800.mpy", "boards/ttgo_tcall.mpy", "update/slots.mpy"} <= files.keys()
    # Two of them, the bundle itself and the base: in half of the 512 KiB that the file system has.
    assert len(bundle) < 64 * 1024
    with pytest.raises(ValueError, match="not signed"):
        _check(bundle, rsa.generate_private_key(65_537, 2048))


def test_partitions_follow_each_other_to_the_end_of_the_flash() -> None:
    end = 0x9000
    for label, _, _, offset, size in TABLE:
        assert offset >= end, label
        assert offset % 4096 == size % 4096 == 0
        end = offset + size
    assert end == 4 * 1024 * 1024
    made = table()
    entries = made[: 32 * len(TABLE)]
    assert len(made) == 0xC00
    assert made[len(entries) : len(entries) + 32] == b"\xeb\xeb" + b"\xff" * 14 + md5(entries).digest()
    assert made[32 * 4 + 12 : 32 * 4 + 16] == b"ring"


class _Line:
    """A board's console at the other end, which says other things in between."""

    def __init__(self) -> None:
        self.node = SimulatedBoard().start()
        self._coming: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        text = data.decode().strip()
        self._coming += [data, b"some other line\r\n", reply(text, self.node).encode() + b"\r\n"]
        return len(data)

    def readline(self) -> bytes:
        return self._coming.pop(0) if self._coming else b""


def test_a_board_is_set_up_over_its_line(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    given = settings_of(["host=portal.example.com", "period_s=30", f"ca=@{tmp_path}/ca.pem", "apn=internet"])
    assert given == {
        "host": "portal.example.com",
        "period_s": 30,
        "ca": "-----BEGIN CERTIFICATE-----\n",
        "apn": "internet",
    }
    line = _Line()
    assert told(line, json.dumps(given)) == "ok"
    assert line.node.settings.number("period_s", 60) == 30
    shown = json.loads(told(line, "show"))
    assert len(shown["code"]) == 14
    assert told(line, '{"hots": 1}') == "no: unknown hots"
