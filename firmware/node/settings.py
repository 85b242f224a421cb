"""What a node has to keep besides readings (address, token, wiring, what meters are called), in two copies.

A new version goes over the older copy and counts one up: a cut while it is written leaves the one before. What cannot
be read is not formatted, it is written over the next time somebody sets something up.
"""

import json
from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import BlockDevice


_HEAD = 12
_MAGIC = b"set1"


class Settings:
    """A dictionary of JSON on two blocks of a device."""

    def __init__(self, device: "BlockDevice", first: int = 0) -> None:
        self._device = device
        self._first = first
        self._version = 0
        self.values: dict[str, object] = {}

    def load(self) -> bool:
        """Read the newest sound copy into `values`; whether there is one."""
        copies = [copy for copy in (self._copy(0), self._copy(1)) if copy is not None]
        if not copies:
            return False
        self._version, self.values = max(copies, key=lambda copy: copy[0])
        return True

    def keep(self, changed: "dict[str, object]") -> bool:
        """Set and store what the node itself keeps, and return whether the flash took it: else it is for this start."""
        self.values.update(changed)
        try:
            self.store()
        except (OSError, ValueError):
            return False
        return True

    def store(self) -> None:
        """Write `values` as the newest copy. Raises ValueError where they are too long, OSError from the flash."""
        text = json.dumps(self.values).encode()
        version = self._version + 1
        head = version.to_bytes(4, "little") + len(text).to_bytes(4, "little")
        data = _MAGIC + head + text
        data += crc32(data).to_bytes(4, "little")
        if len(data) > self._device.block_size:
            raise ValueError("too many settings")
        block = self._first + version % 2
        self._device.erase(block)
        self._device.write(block, 0, data)
        self._version = version

    def number(self, name: str, otherwise: int) -> int:
        """Return a whole number."""
        value = self.values.get(name)
        return value if isinstance(value, int) else otherwise

    def text(self, name: str) -> str:
        """Return a text, empty where there is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def numbers(self, name: str) -> "list[int]":
        """Return a list of whole numbers, empty where there is none."""
        return [each for each in self._list(name) if isinstance(each, int)]

    def texts(self, name: str) -> "list[str]":
        """Return a list of texts, empty where there is none."""
        return [each for each in self._list(name) if isinstance(each, str)]

    def _list(self, name: str) -> "list[object]":
        value = self.values.get(name)
        return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]

    def _copy(self, which: int) -> "tuple[int, dict[str, object]] | None":
        data = bytearray(_HEAD)
        self._device.read(self._first + which, 0, data)
        end = _HEAD + int.from_bytes(data[8:12], "little")
        if bytes(data[:4]) != _MAGIC or end + 4 > self._device.block_size:
            return None
        data = bytearray(end + 4)
        self._device.read(self._first + which, 0, data)
        if crc32(memoryview(data)[:end]) != int.from_bytes(data[end : end + 4], "little"):
            return None
        version = int.from_bytes(data[4:8], "little")
        return (version, json.loads(bytes(data[_HEAD:end]))) if version % 2 == which else None
