"""What a cost page says of days that lack readings."""

from datetime import date

from portal.core.cost.rules.coverage import Coverage, DayCover
from portal.features.cost.coverage_words import CoverageWords, coverage_words, hours_note, no_comparison

WHOLE = Coverage((DayCover(date(2026, 10, 30), 48, 48), DayCover(date(2026, 11, 1), 48, 48)))
ONE_EMPTY = Coverage((*WHOLE.days, DayCover(date(2026, 10, 31), 48, 0)))


def test_nothing_is_said_of_days_that_have_all_their_readings() -> None:
    assert coverage_words(WHOLE) == CoverageWords()
    assert coverage_words(Coverage()) == CoverageWords()


def test_days_without_readings_come_first_then_hours() -> None:
    assert coverage_words(ONE_EMPTY) == CoverageWords("Readings on 2 of 3 days.", "None on 31 October.")
    some = Coverage((*ONE_EMPTY.days, DayCover(date(2026, 11, 2), 48, 47)))
    assert coverage_words(some) == CoverageWords(
        "Readings on 3 of 4 days.", "None on 31 October; 1 of 192 meter-hours is missing on other days."
    )
    hours = Coverage((DayCover(date(2026, 11, 2), 48, 40),))
    assert coverage_words(hours) == CoverageWords("", "8 of 48 meter-hours are missing.")
    none = Coverage((DayCover(date(2026, 11, 2), 0, 0),))
    assert coverage_words(none) == CoverageWords("Readings on 0 of 1 day.", "")


def test_a_row_says_which_part_of_its_hours_is_there() -> None:
    assert hours_note(DayCover(date(2026, 11, 2), 336, 335)) == "335 of 336 h"
    assert hours_note(DayCover(date(2026, 11, 2), 336, 336)) == ""
    assert hours_note(DayCover(date(2026, 11, 2), 336, 0)) == ""


def test_only_whole_days_are_compared() -> None:
    assert no_comparison(WHOLE, WHOLE) == ""
    assert no_comparison(ONE_EMPTY, WHOLE) == "no comparison while 31 October is missing"
    hours = Coverage((DayCover(date(2026, 11, 2), 48, 40),))
    assert no_comparison(WHOLE, hours) == "no comparison while readings of the days before are missing"
    assert no_comparison(hours, WHOLE) == "no comparison while readings of these days are missing"
    assert no_comparison(WHOLE, Coverage()) == ""
    none = Coverage((DayCover(date(2026, 10, 29), 0, 0),))
    assert no_comparison(WHOLE, none) == "no comparison: no readings before"
