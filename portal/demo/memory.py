"""What the demo remembers from one run to the next: the tokens, which the stacks keep as hashes only."""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self


@dataclass
class Memory:
    """Secrets and anchors in one file that only its owner can read; an unreadable one counts as empty.

    `device_tokens` and `recording_starts` (ISO instants) are by the device's external id.
    """

    path: Path
    customer_token: str = ""
    device_tokens: dict[str, str] = field(default_factory=dict)
    recording_starts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what an earlier run left."""
        try:
            stored: Any = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            stored = {}
        if not isinstance(stored, dict):
            stored = {}
        kinds: dict[str, type] = {"customer_token": str, "device_tokens": dict, "recording_starts": dict}
        return cls(
            path, **{name: stored[name] for name, kind in kinds.items() if isinstance(stored.get(name), kind)}
        )

    def save(self) -> None:
        """Replace the file as a whole, so that a kill leaves the old one or the new one."""
        content = {name: value for name, value in asdict(self).items() if name != fields(self)[0].name}
        unfinished = self.path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        unfinished.replace(self.path)
