"""What an answer of the portal offers is fetched: other settings, another release."""

import json

from node.quantities import KEYS
from node.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from node.http import Answer
    from node.ports import Updates

SETTINGS_PATH = "/api/ingest/settings"
FIRMWARE_PATH = "/api/ingest/firmware/"
_MOST_BUNDLE = 1 << 20
# What the portal calls a setting, what it is called here, and from what to what it may be.
_NUMBERS = (
    ("periodSeconds", "period_s", 5, 3600),
    ("everySeconds", "every_s", 5, 86_400),
    ("meterAddress", "unit", 1, 247),
)
_LISTS = (("transformerRatios", "ratios", 4), ("serialRegisters", "serial_at", 2))


def settings_in(body: bytes) -> "dict[str, object] | None":
    """Return what the portal says of the settings, as this board keeps them; None where it says nothing sound.

    What it does not name is as the board was made: it is in here with an empty value.
    """
    try:
        said = json.loads(body)
        version, given = said["version"], said["settings"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(version, int) or not isinstance(given, dict):
        return None
    return _kept(version, given)  # pyright: ignore[reportUnknownArgumentType] - a dictionary of JSON


def _kept(version: int, given: "dict[str, object]") -> "dict[str, object]":
    found: dict[str, object] = {"settings_version": version}
    for name, kept, least, most in _NUMBERS:
        value = given.get(name)
        found[kept] = value if isinstance(value, int) and least <= value <= most else None
    for name, kept, count in _LISTS:
        found[kept] = _list_of(given.get(name), count)
    names = _list_of(given.get("quantities"))
    found["wanted"] = names and [index for index, key in enumerate(KEYS) if key[2:-2] in names]
    return found


def _list_of(value: object, count: int = 0) -> "list[object] | None":
    """Return a list, of so many where that is said; None for anything else."""
    if not isinstance(value, list) or (count and len(value) != count):  # pyright: ignore[reportUnknownArgumentType]
        return None
    return value  # pyright: ignore[reportUnknownVariableType] - of JSON


def take_settings(settings: Settings, fetch: "Callable[[str], Answer]") -> bool:
    """Fetch the settings that wait and keep them; whether they are now here. Raises OSError."""
    answer = fetch(SETTINGS_PATH)
    found = settings_in(answer.body) if answer.status == 200 else None
    return found is not None and settings.keep(found)


def take_update(
    updates: "Updates", version: str, fetch: "Callable[[str], Answer]", alive: "Callable[[], None]"
) -> bool:
    """Fetch a release in parts; whether it is now there for the next start. Raises OSError.

    `alive` is called after each part: all of it may take minutes.
    """
    had = updates.begin(version)
    whole = had + 1
    while had < whole:
        answer = fetch(FIRMWARE_PATH + version + "?offset=" + str(had))
        length = answer.headers.get("x-bundle-bytes", "")
        if answer.status != 200 or not length.isdigit() or not answer.body:
            return False
        whole = int(length)
        if whole > _MOST_BUNDLE:
            updates.refuse(version)
            return False
        updates.write(answer.body)
        had += len(answer.body)
        alive()
    try:
        updates.finish()
    except ValueError:
        # Not signed for this board, or it cannot take one now: fetched again it would be the same.
        updates.refuse(version)
        return False
    return True
