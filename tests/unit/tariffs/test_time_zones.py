"""A city or a country is enough to find a time zone."""

import pytest

from portal.core.errors import Invalid
from portal.core.tariffs.service.time_zones import country_names, country_of_zone, find_time_zone


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Cape Town", "Africa/Johannesburg"),
        ("  johannesburg ", "Africa/Johannesburg"),
        ("South Africa", "Africa/Johannesburg"),
        ("ZA", "Africa/Johannesburg"),
        ("Windhoek", "Africa/Windhoek"),
        ("São Paulo", "America/Sao_Paulo"),
        ("sao paulo", "America/Sao_Paulo"),
        ("Munich", "Europe/Berlin"),
        ("Africa/Johannesburg", "Africa/Johannesburg"),
        ("america/new_york", "America/New_York"),
        ("Kolkata", "Asia/Kolkata"),
        ("UTC", "UTC"),
    ],
)
def test_a_zone_is_found_by_what_people_know_of_it(text: str, zone: str) -> None:
    assert find_time_zone(text) == zone


def test_a_country_of_several_zones_asks_which() -> None:
    with pytest.raises(
        Invalid, match=r"'Australia' lies in \d+ time zones: choose one of .*, or name a city"
    ):
        find_time_zone("Australia")


def test_a_name_of_two_cities_asks_which() -> None:
    with pytest.raises(Invalid, match="America/Chicago, America/New_York"):
        find_time_zone("Springfield")


@pytest.mark.parametrize("text", ["Middle-earth", "", "Europe/Nowhere", "../../etc/passwd"])
def test_what_is_nowhere_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no IANA time zone"):
        find_time_zone(text)


def test_a_zone_has_its_country() -> None:
    assert country_of_zone("Africa/Johannesburg") == "ZA"
    assert country_of_zone("UTC") is None
    assert "South Africa" in country_names()
