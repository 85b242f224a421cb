"""Words, numbers and dates in a person's language."""

from datetime import date
from decimal import Decimal

import pytest

from portal.core.errors import Invalid
from portal.core.languages import ENGLISH, Speech, of_browser, present, speaking, tr, trn
from portal.core.words import say
from portal.ui import formats

AFRIKAANS = Speech("af", "af-ZA")


def test_words_are_of_the_language_that_is_spoken() -> None:
    assert tr("Save") == "Save"
    with speaking(AFRIKAANS):
        assert tr("Save") == "Stoor"
        assert tr("{name} is saved.", name="Noord") == "Noord is gestoor."
        assert tr("Nobody ever wrote this") == "Nobody ever wrote this"
    assert present() is ENGLISH


def test_plurals_follow_the_amount() -> None:
    with speaking(AFRIKAANS):
        assert trn("{count} day ago", "{count} days ago", 1, count=1) == "1 dag gelede"
        assert formats.counted(1_200, "{count} site", "{count} sites") == "1\u2009200 persele"


def test_a_refusal_is_english_where_it_is_made_and_the_readers_where_it_is_shown() -> None:
    error = Invalid(say("There is an account for {address} already", address="x@example.com"))
    assert type(error.message) is str
    assert error.message == "There is an account for x@example.com already"
    with speaking(AFRIKAANS):
        assert tr(error.said) == "Daar is reeds \u2019n rekening vir x@example.com"


@pytest.mark.parametrize(
    ("asked", "language"),
    [(None, "en"), ("", "en"), ("de-DE,de;q=0.9", "en"), ("af-ZA,en;q=0.5", "af"), ("nl, AF;q=0.4", "af")],
)
def test_who_is_unknown_is_spoken_to_as_the_browser_asks(asked: str | None, language: str) -> None:
    assert of_browser(asked).language == language


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en-ZA", "R\u00a01\u2009234.56"),
        ("af-ZA", "R\u00a01\u2009234,56"),
        ("en-GB", "R\u00a01,234.56"),
        ("de-DE", "R\u00a01.234,56"),
    ],
)
def test_numbers_are_written_by_the_locale(locale: str, written: str) -> None:
    with speaking(Speech("en", locale)):
        assert formats.money(Decimal("1234.56"), "ZAR") == written


def test_dates_have_the_words_of_the_language() -> None:
    on = date(2026, 5, 18)
    with speaking(Speech("af", "en-ZA")):
        assert (formats.day(on), formats.week_day(on), formats.month(on)) == (
            "18 Mei 2026",
            "Ma 18 Mei",
            "Mei 2026",
        )
    assert (formats.day(on), formats.week_day(on), formats.month(on)) == (
        "18 May 2026",
        "Mon 18 May",
        "May 2026",
    )
