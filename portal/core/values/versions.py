"""The version of a thing that people and programs edit, so that nobody overwrites what they have not seen."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from portal.core.errors import Outdated

if TYPE_CHECKING:
    from collections.abc import Collection

_CHARACTERS = 20


def version_of(*values: object) -> str:
    """Return a short text that is another one for other values; the same values always have the same."""
    text = json.dumps(values, default=str, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_CHARACTERS]


def require_version(version: str, expected: Collection[str] | None) -> None:
    """Raise `Outdated` where a change was meant for another version than the present one; None is for any."""
    if expected is not None and version not in expected:
        raise Outdated("It has been changed meanwhile: read it again, then repeat your change")
