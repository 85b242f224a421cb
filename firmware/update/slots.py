"""Two slots for programs. A start takes the one that is proven, or for a trial the other.

What is tried is started twice. Where it has not had the portal take readings by then (it crashed, hung, or found no
way), the proven one runs again, and the other is remembered as failed. What is kept of this is one small file, written
beside the one before and renamed over it: a cut at any step leaves one or the other.
"""

import json

from update.bundle import Bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from update.files import Files

STATE, NEW_STATE, BUNDLE, VERSION = "slots.json", "slots.new", "bundle.bin", "version"
SLOTS = ("a", "b")
_TRIES = 2
_CHUNK = 1024


class Slots:
    """`key` is the modulus of the key that releases are signed with. `choose` is for a start, the rest for the node."""

    def __init__(self, files: "Files", key: int) -> None:
        self._files = files
        self._key = key
        self._coming, self._had = "", 0
        state = self._state()
        self._proven, self._trial = _slot(state, "proven") or SLOTS[0], _slot(state, "trial")
        tries = state.get("tries")
        self._tries = tries if isinstance(tries, int) else 0
        failed = state.get("failed")
        self.failed = failed if isinstance(failed, str) else ""
        self.slot = self._proven
        self.running = self._version(self.slot)

    def choose(self) -> str:
        """Return the slot that this start runs, and count it where that is a trial. Raises OSError."""
        if self._trial:
            if self._tries < _TRIES:
                self._tries += 1
                self.slot = self._trial
            else:
                self.failed, self._trial, self._tries = self._version(self._trial), "", 0
            self._keep()
        self.running = self._version(self.slot)
        return self.slot

    def is_trial(self) -> bool:
        """Return whether what runs has to prove itself yet."""
        return bool(self._trial) and self.slot == self._trial

    def confirm(self) -> None:
        """Keep what runs. Raises OSError."""
        if self.is_trial():
            self._proven, self._trial, self._tries, self.failed = self.slot, "", 0, ""
            self._keep()

    def begin(self, version: str) -> int:
        """Make room for a bundle; return how many bytes of it came before in this start. Raises OSError."""
        if self._coming != version:
            self._files.remove(BUNDLE)
            self._files.write(BUNDLE, b"")
            self._coming, self._had = version, 0
        return self._had

    def write(self, data: bytes) -> None:
        """Take the next bytes of the bundle. Raises OSError."""
        self._files.write(BUNDLE, data, "ab")
        self._had += len(data)

    def refuse(self, version: str) -> None:
        """Remember a release that is not to be fetched again. Raises OSError."""
        self.failed, self._coming = version, ""
        self._keep()

    def finish(self) -> None:
        """Check the bundle, unpack it, and try it with the next start. Raises ValueError, OSError."""
        self._coming = ""
        bundle = Bundle(self._bytes)
        version = bundle.check(self._key)
        other = SLOTS[1 - SLOTS.index(self.slot)]
        if self._trial or self._proven != self.slot:
            # Where it is to go lies what would have to run if this fails.
            raise ValueError("what runs has to prove itself first")
        self._files.remove(other)
        for name, at, size in bundle.files():
            self._unpack(other + "/" + name, at, size)
        self._files.write(other + "/" + VERSION, version.encode())
        self._files.remove(BUNDLE)
        self._trial, self._tries = other, 0
        self._keep()

    def _unpack(self, name: str, at: int, size: int) -> None:
        self._files.write(name, b"")
        end = at + size
        while at < end:
            part = self._bytes(at, min(_CHUNK, end - at))
            self._files.write(name, part, "ab")
            at += len(part)

    def _bytes(self, offset: int, most: int) -> bytes:
        return self._files.read(BUNDLE, offset, most) or b""

    def _version(self, slot: str) -> str:
        return str(self._files.read(slot + "/" + VERSION) or b"", "ascii")

    def _state(self) -> "dict[str, object]":
        try:
            state = json.loads(self._files.read(STATE) or b"{}")
        except ValueError:
            return {}
        return state if isinstance(state, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    def _keep(self) -> None:
        state = {"proven": self._proven, "trial": self._trial, "tries": self._tries, "failed": self.failed}
        self._files.write(NEW_STATE, json.dumps(state).encode())
        self._files.rename(NEW_STATE, STATE)


def _slot(state: "dict[str, object]", name: str) -> str:
    slot = state.get(name)
    return slot if isinstance(slot, str) and slot in SLOTS else ""
