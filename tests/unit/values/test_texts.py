"""Characters of names and texts: what is refused at every way in, and what a file says of what is there already."""

import pytest

from portal.core.errors import Invalid
from portal.core.tariffs.rules.tariff_wire import read_tariffs
from portal.core.values.texts import is_blank, is_formula, shown_text, sound_name, sound_text, text_problem

REFUSED = [
    "\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff", "\ufffe",
    "\uffff", "\U0001ffff", "\ud800", "\udfff", "\ufdd0",
]  # fmt: skip
TAKEN = [
    "Mühle 7",
    "Cafe\u0301",
    "\u05e9\u05dc\u05d5\u05dd\u200f",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "👩\u200d🔧 workshop",
    "5 \u00b0C",
    "a\u00a0b",
]


@pytest.mark.parametrize("character", [*REFUSED, "\n", "\t", "\r"])
def test_a_character_that_does_not_show_is_refused_in_a_name(character: str) -> None:
    assert f"U+{ord(character):04X} at place 3" in (text_problem(f"ab{character}c") or "")
    with pytest.raises(Invalid, match="A name holds"):
        sound_name("A name", f"ab{character}c", 200)


@pytest.mark.parametrize("character", REFUSED)
def test_a_text_of_lines_may_hold_line_breaks_and_nothing_else(character: str) -> None:
    assert text_problem("one\r\n\ttwo", lines=True) is None
    with pytest.raises(Invalid):
        sound_text("A note", f"one\n{character}two", 200)


@pytest.mark.parametrize("text", TAKEN)
def test_what_people_write_is_taken(text: str) -> None:
    assert sound_name("A name", f" {text} ", 200) == text


@pytest.mark.parametrize("text", ["", "  ", "\u200b", " \u2060\u00ad "])
def test_a_name_that_shows_nothing_is_none(text: str) -> None:
    assert is_blank(text)
    with pytest.raises(Invalid, match="must not be empty"):
        sound_name("A name", text, 200)


def test_a_name_is_bounded() -> None:
    with pytest.raises(Invalid, match="at most 5 characters"):
        sound_name("A name", "sixsix", 5)


@pytest.mark.parametrize("character", REFUSED)
def test_what_is_stored_already_goes_out_without_it(character: str) -> None:
    assert text_problem(shown_text(f"ab{character}c")) is None


@pytest.mark.parametrize("before", ["", "\u200b", "\ufeff", " \u2060", "\u00ad", "\u202e", "\ufe0f"])
@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe63", "\u2212"]
)
def test_a_sign_begins_a_formula_whatever_invisible_stands_before_it(before: str, sign: str) -> None:
    assert is_formula(f"{before}{sign}1+1")


@pytest.mark.parametrize("text", ["\tx", "\rx", "\n=1"])
def test_a_tab_or_line_break_begins_one_too(text: str) -> None:
    assert is_formula(text)


@pytest.mark.parametrize("text", ["", "Plain", "a=1", "1-2", "(=1)", "\u200b"])
def test_other_texts_do_not(text: str) -> None:
    assert not is_formula(text)


@pytest.mark.parametrize("name", ["T\x07", "\u202eT", "\u200b"])
def test_a_tariff_of_a_file_is_refused_by_the_path_of_its_text(name: str) -> None:
    period = {"name": name, "daysOfWeek": 1, "startTime": "01:00", "endTime": "02:00", "ratePerKwh": 1}
    tariff = {
        "municipality": "A", "name": name, "effectiveFrom": "2026-01-01", "vatRate": 0, "defaultRatePerKwh": 1,
        "periods": [period], "holidays": [{"date": "2026-05-01", "name": name, "dayType": "sunday"}],
    }  # fmt: skip
    _, problems = read_tariffs([tariff])
    assert [path for path, _ in problems] == ["[0].name", "[0].periods[0].name", "[0].holidays[0].name"]
