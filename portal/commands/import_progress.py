"""The progress bar of `portal import`."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

from portal.features.readings_import.run import ImportProgress


class _Bar(ImportProgress):
    """A progress that is drawn as it goes on."""

    def __init__(self, drawn: Progress, name: str) -> None:
        super().__init__()
        self._drawn = drawn
        self._task = drawn.add_task(name, total=None)

    def advance(self, size: int) -> None:
        """Count bytes that were read, and draw them."""
        super().advance(size)
        self._drawn.update(self._task, total=self.total_bytes, completed=self.read_bytes)


@contextmanager
def shown_progress(name: str) -> Iterator[ImportProgress]:
    """Draw on the terminal how far a file has been read; nothing is left of it afterwards."""
    with Progress(console=Console(stderr=True), transient=True) as drawn:
        yield _Bar(drawn, name)
