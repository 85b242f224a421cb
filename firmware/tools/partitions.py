"""Makes the partition table of a board with 4 MiB of flash: MicroPython, a small file system, raw flash for readings.

    .venv/bin/python firmware/tools/partitions.py partitions.bin

It goes to 0x8000 (docs/firmware.md). The format is ESP-IDF's: entries of 32 bytes, and an MD5 of them.
"""

import struct
import sys
from hashlib import md5
from pathlib import Path

_MAGIC, _MD5_MAGIC = b"\xaa\x50", b"\xeb\xeb" + b"\xff" * 14
_LENGTH = 0xC00
_APP, _DATA = 0, 1
# Label, type, subtype, offset, size. Where MicroPython's program stands, it stands in its own table.
TABLE = (
    ("nvs", _DATA, 0x02, 0x9000, 0x6000),
    ("phy_init", _DATA, 0x01, 0xF000, 0x1000),
    ("factory", _APP, 0x00, 0x10000, 0x1F0000),
    ("vfs", _DATA, 0x81, 0x200000, 0x80000),
    ("ring", _DATA, 0x40, 0x280000, 0x180000),
)


def table() -> bytes:
    """Return the partition table as it lies on the flash."""
    entries = b"".join(
        struct.pack("<2sBBII16sI", _MAGIC, kind, subtype, offset, size, label.encode(), 0)
        for label, kind, subtype, offset, size in TABLE
    )
    checked = entries + _MD5_MAGIC + md5(entries).digest()  # noqa: S324 - what the boot loader computes
    return checked.ljust(_LENGTH, b"\xff")


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(table())
