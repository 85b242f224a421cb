"""What may be changed of municipalities, and what their names and zones may be."""

from typing import TypedDict

from portal.core.errors import Invalid
from portal.core.values.texts import LONGEST_NAME, sound_name
from portal.core.values.time import is_zone
from portal.core.words import say


class MunicipalityEdits(TypedDict, total=False):
    """Those columns of a municipality that are to be changed; the zone is an IANA name."""

    name: str
    time_zone_id: str


def sound_municipality(edits: MunicipalityEdits) -> MunicipalityEdits:
    """Return both without white space around them. Raises `Invalid` for an unsound name or an unknown zone."""
    sound = edits.copy()
    if "name" in edits:
        sound["name"] = sound_name("A municipality's name", edits["name"], LONGEST_NAME)
    if "time_zone_id" in edits:
        sound["time_zone_id"] = zone = edits["time_zone_id"].strip()
        if not is_zone(zone):
            message = say("{zone} is not an IANA time zone, such as Africa/Johannesburg", zone=f"{zone!r}")
            raise Invalid(message)
    return sound
