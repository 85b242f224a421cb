"""Time zones by what people know of them: a city or a country."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from portal.core.errors import Invalid
from portal.core.values.time import is_zone
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_NAMED = 5


class _Zones(NamedTuple):
    """IANA zones by what they are found by, in small letters without accents; the country of each by its code."""

    by_name: Mapping[str, tuple[str, ...]]
    by_city: Mapping[str, tuple[str, ...]]
    by_country: Mapping[str, tuple[str, ...]]
    country_of: Mapping[str, str]


def find_time_zone(text: str) -> str:
    """Return the IANA zone of a city, of a country with one zone, or of a zone's own name.

    Raises `Invalid` for what is none of them, and with the zones to choose from where there are several.
    """
    found = time_zones_of(text)
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:_MOST_NAMED])
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        message = say(
            "{strip} lies in {found} time zones: choose one of {some}{more}, or name a city",
            strip=f"{text.strip()!r}",
            found=len(found),
            some=some,
            more=more,
        )
    else:
        message = say(
            "{strip} is no city of size, no country and no IANA time zone, such as Africa/Johannesburg",
            strip=f"{text.strip()!r}",
        )
    raise Invalid(message)


def time_zones_of(text: str) -> tuple[str, ...]:
    """Return the zones that a city, a country or a zone's name stands for; none where it stands for none."""
    known, key = _zones(), _plain(text)
    if is_zone(text.strip()):
        return (text.strip(),)
    for names in (known.by_name, known.by_city, known.by_country):
        if key in names:
            return names[key]
    return ()


def country_of_zone(zone: str) -> str | None:
    """Return the ISO 3166 code of the country that a zone is named in, None for a zone of none."""
    return _zones().country_of.get(zone)


def country_names() -> tuple[str, ...]:
    """Return the names of all countries, to be offered while somebody types."""
    return tuple(sorted(_countries().values()))


@cache
def _countries() -> Mapping[str, str]:
    return dict(line.split("\t")[:2] for line in _table("iso3166.tab"))


@cache
def _zones() -> _Zones:
    country_of: dict[str, str] = {}
    by_country: dict[str, list[str]] = {}
    names = _countries()
    for line in _table("zone.tab"):
        code, _, zone, *_ = line.split("\t")
        country_of[zone] = code
        for key in (code, names.get(code, code)):
            by_country.setdefault(_plain(key), []).append(zone)
    by_city: dict[str, list[str]] = {}
    for zone, cities in json.loads(_text("portal.core", "presets/cities.json"))["zones"].items():
        for city in cities:
            zones = by_city.setdefault(_plain(city), [])
            zones += [] if zone in zones else [zone]
    by_name = {_plain(part): (zone,) for zone in country_of for part in (zone, zone.rsplit("/", 1)[-1])}
    return _Zones(by_name, _frozen(by_city), _frozen(by_country), country_of)


def _frozen(zones: Mapping[str, list[str]]) -> Mapping[str, tuple[str, ...]]:
    return {key: tuple(found) for key, found in zones.items()}


def _table(name: str) -> list[str]:
    """Return the lines of a table of the tz database."""
    return [line for line in _text("tzdata", f"zoneinfo/{name}").splitlines() if not line.startswith("#")]


def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _plain(text: str) -> str:
    """Return a text in small letters, without accents and with spaces for what joins words."""
    apart = unicodedata.normalize("NFKD", text.strip()).replace("_", " ").replace("-", " ")
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).casefold().split())
