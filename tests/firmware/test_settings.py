"""Settings in two copies: at any cut there is the old version or the new one."""

from node.settings import Settings
from tests.firmware.checks import raises
from tests.firmware.simulated_flash import PowerCut, SimulatedFlash


def _loaded(flash: SimulatedFlash) -> Settings:
    settings = Settings(flash)
    settings.load()
    return settings


def test_settings_come_back() -> None:
    flash = SimulatedFlash(2)
    assert not Settings(flash).load()
    settings = Settings(flash)
    for unit in range(1, 6):
        settings.values = {"unit": unit, "host": "portal.example.com", "ratios": [400, 400, 5, 5]}
        settings.store()
        again = _loaded(flash)
        assert again.values == settings.values
        assert again.number("unit", 0) == unit
        assert again.text("host") == "portal.example.com"
        assert again.numbers("ratios") == [400, 400, 5, 5]
        assert (again.number("host", 3), again.text("unit"), again.numbers("none")) == (3, "", [])


def test_the_power_goes_at_every_byte_of_a_change() -> None:
    flash = SimulatedFlash(2, 256)
    for version in range(3):
        settings = _loaded(flash)
        settings.values["unit"] = version
        settings.store()
        cut = 0
        while True:
            tried = flash.copy()
            tried.cut_after = cut
            settings = _loaded(tried)
            settings.values["unit"] = version + 1
            try:
                settings.store()
            except PowerCut:
                assert _loaded(tried.powered_again()).values["unit"] in (version, version + 1)
                cut += 1
            else:
                break
        assert cut > 30


def test_a_copy_that_goes_bad_leaves_the_other() -> None:
    flash = SimulatedFlash(2)
    settings = _loaded(flash)
    for unit in (1, 2):
        settings.values["unit"] = unit
        settings.store()
    flash.data[0][14] ^= 1
    again = _loaded(flash)
    assert again.values == {"unit": 1}
    again.values["unit"] = 3
    again.store()
    assert _loaded(flash).values == {"unit": 3}


def test_what_cannot_be_read_is_left_as_it_is() -> None:
    flash = SimulatedFlash(2)
    flash.write(0, 0, b"somebody else's")
    before = flash.copy().data
    assert not Settings(flash).load()
    assert flash.data == before


def test_too_many_settings_are_refused_before_anything_is_erased() -> None:
    flash = SimulatedFlash(2, 256)
    settings = _loaded(flash)
    settings.values["host"] = "a"
    settings.store()
    settings.values["host"] = "a" * 250
    assert raises(ValueError, settings.store)
    assert _loaded(flash).values == {"host": "a"}
