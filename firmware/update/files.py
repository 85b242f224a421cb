"""As much of a file system as slots need, the same under both Pythons."""

import os


class Files:
    """Files below a directory. A file is there as it was written once `write` has returned; `rename` is one step."""

    def __init__(self, root: str) -> None:
        self._root = root

    def read(self, name: str, offset: int = 0, most: int = -1) -> "bytes | None":
        """Return bytes of a file; None where there is none."""
        try:
            with open(self._root + name, "rb") as file:  # noqa: PTH123 - MicroPython has no pathlib
                file.seek(offset)
                return file.read(most)
        except OSError:
            return None

    def write(self, name: str, data: bytes, mode: str = "wb") -> None:
        """Write a file anew, or with `ab` behind what is there; its directories are made. Raises OSError."""
        for end, char in enumerate(name):
            if char == "/":
                try:
                    os.mkdir(self._root + name[:end])  # noqa: PTH102
                except OSError:
                    pass
        with open(self._root + name, mode) as file:  # noqa: PTH123
            file.write(data)

    def rename(self, name: str, other: str) -> None:
        """Give a file another name, over one that has it. Raises OSError."""
        os.rename(self._root + name, self._root + other)  # noqa: PTH104

    def remove(self, name: str) -> None:
        """Remove a file, or a directory with all that is in it."""
        path = self._root + name
        try:
            names = os.listdir(path)  # noqa: PTH208
        except OSError:
            names = []
        for each in names:
            self.remove(name + "/" + each)
        for remove in (os.remove, os.rmdir):
            try:
                remove(path)
            except OSError:
                pass
