"""A file system in memory whose power can be cut at any step: an append may be cut in two, a rename is one step."""

from tests.firmware.simulated_flash import PowerCut
from update.files import Files


class SimulatedFiles(Files):
    """`cut_after` is how many steps still come about."""

    def __init__(self) -> None:
        super().__init__("")
        self.files: dict[str, bytes] = {}
        self.cut_after: int | None = None
        self.steps = 0

    def read(self, name: str, offset: int = 0, most: int = -1) -> "bytes | None":
        data = self.files.get(name)
        return None if data is None else data[offset:] if most < 0 else data[offset : offset + most]

    def write(self, name: str, data: bytes, mode: str = "wb") -> None:
        before = self.files.get(name, b"") if mode == "ab" else b""
        if self._is_last():
            self.files[name] = before + data[: len(data) // 2]
            raise PowerCut
        self.files[name] = before + data

    def rename(self, name: str, other: str) -> None:
        if self._is_last():
            raise PowerCut
        self.files[other] = self.files.pop(name)

    def remove(self, name: str) -> None:
        for each in sorted(self.files):
            if each == name or each.startswith(name + "/"):
                if self._is_last():
                    raise PowerCut
                del self.files[each]

    def _is_last(self) -> bool:
        self.steps += 1
        if self.cut_after is None:
            return False
        self.cut_after -= 1
        return self.cut_after < 0
