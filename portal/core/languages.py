"""The languages a person can read, and the one that the present task speaks.

`tr` and `trn` give words in it. It is said once at the edge of a request, of an event of a page or of a mail, like who
acts; where nobody says it, it is English. While pages are compiled nobody reads them yet: the words are marked then,
and put in by `portal.frontend` for each language there is.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from babel.core import Locale
from babel.messages.pofile import read_po

from portal.core.words import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import date

CATALOGUES: Final = Path(__file__).parent.parent / "translations"
LANGUAGES: Final = {"en": "English", "af": "Afrikaans"}
# What a number looks like; dates have the words of the language, and clocks have 24 hours in all.
LOCALES: Final = {
    "en-ZA": "1\u2009234.56",
    "af-ZA": "1\u2009234,56",
    "en-GB": "1,234.56",
    "de-DE": "1.234,56",
}
_USUAL_LOCALES: Final = {"en": "en-ZA", "af": "af-ZA"}
# CLDR has the comma for English in South Africa too. Those who write it on screens and in sheets use the point, as this
# product always did; whoever wants the comma chooses the locale that has it.
_OWN_DECIMALS: Final = {"en-ZA": "."}
MARK_BEGIN, _END = "\ue000", "\ue001"
# As text, and as a string of a script in which it is escaped.
_MARK = re.compile(r"(?:\ue000|\\u[eE]000)([0-9a-f]+)(?:\ue001|\\u[eE]001)")


@dataclass(frozen=True, slots=True)
class Speech:
    """How a person is spoken to: a language of `LANGUAGES`, and a locale of `LOCALES` for numbers."""

    language: str = "en"
    locale: str = "en-ZA"


ENGLISH: Final = Speech()
_present: ContextVar[Speech] = ContextVar("speech", default=ENGLISH)
_marking = False


def present() -> Speech:
    """Return how the present task speaks."""
    return _present.get()


def speak(speech: Speech) -> None:
    """Say it for the rest of this task."""
    _present.set(speech)


@contextmanager
def speaking(speech: Speech) -> Generator[None, None, None]:
    """Say it for a block."""
    token = _present.set(speech)
    try:
        yield
    finally:
        _present.reset(token)


def usual_locale(language: str) -> str:
    """Return how numbers are written in a language unless somebody wants them otherwise."""
    return _USUAL_LOCALES.get(language, ENGLISH.locale)


def of_browser(accept_language: str | None) -> Speech:
    """Return how somebody unknown is spoken to: the first of what their browser asks for that there is."""
    for wanted in (accept_language or "")[:500].split(","):
        language = wanted.split(";")[0].strip().lower().split("-")[0]
        if language in LANGUAGES:
            return Speech(language, usual_locale(language))
    return ENGLISH


# Any: whatever a sentence names
def tr(text: str, /, **values: Any) -> str:
    """Return a text in the present language, with the names of its pattern filled in.

    What was said elsewhere (`portal.core.words.say`) is put into the language with the names it has.
    """
    if isinstance(text, Said):
        said = {name: tr(value) if isinstance(value, str) else value for name, value in text.values.items()}
        text, values = text.pattern, said | values
    if _marking:
        return text if text.startswith(MARK_BEGIN) and not values else _mark([text], values)
    return _filled(_translated(_present.get().language, text), values)


# Any: whatever a sentence names
def trn(one: str, many: str, amount: int, /, **values: Any) -> str:
    """Return the text for an amount in the present language, with the names of its pattern filled in."""
    if _marking:
        return _mark([one, many, amount], values)
    return _filled(_translated(_present.get().language, one, many, amount), values)


def mark_words() -> None:
    """Have `tr` and `trn` mark their words in this process, for `unmarked` to put them in: pages are compiled in it."""
    globals()["_marking"] = True


def unmarked(text: str, language: str, escape: Callable[[str], str]) -> str:
    """Return a text with the words of a language in place of the marks; `escape` fits them to what is around them."""
    return _MARK.sub(lambda found: escape(_unmarked(found[1], language)), text)


def catalogue_of(language: str) -> dict[str, tuple[str, ...]]:
    """Return the words of a language by the English ones; the plurals follow the singular."""
    return _catalogue(language)


# Any: texts and an amount, and whatever a sentence names
def _mark(words: list[Any], values: dict[str, Any]) -> str:
    # Hexadecimal: it stands in strings of scripts, in attributes and between them, where quotes are escaped in ways.
    return f"{MARK_BEGIN}{json.dumps([words, values]).encode().hex()}{_END}"


def _unmarked(mark: str, language: str) -> str:
    words, values = json.loads(bytes.fromhex(mark))
    texts = {
        name: unmarked(value, language, str) if isinstance(value, str) else value
        for name, value in values.items()
    }
    return _filled(_translated(language, *words), texts)


# Any: whatever a sentence names
def _filled(text: str, values: dict[str, Any]) -> str:
    return text.format(**values) if values else text


def _translated(language: str, one: str, many: str = "", amount: int = 1) -> str:
    found = _catalogue(language).get(one) if language != ENGLISH.language else None
    if found is None:
        return one if not many or amount == 1 else many
    # English and Afrikaans have the same rule; a language that has another brings its own here.
    return found[0] if amount == 1 or len(found) == 1 else found[1]


@cache
def _catalogue(language: str) -> dict[str, tuple[str, ...]]:
    path = CATALOGUES / f"{language}.po"
    if language not in LANGUAGES or not path.is_file():
        return {}
    with path.open("rb") as file:
        found = read_po(file, locale=language)
    texts: dict[str, tuple[str, ...]] = {}
    for message in found:
        one = message.id if isinstance(message.id, str) else message.id[0]
        said = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if one and all(said):
            texts[one] = said
    return texts


def number_text(digits: str) -> str:
    """Return a number such as `1,234.50` as the present locale writes it."""
    group, decimal = separators()
    whole, _point, fraction = digits.partition(".")
    return whole.replace(",", group) + (decimal + fraction if fraction else "")


def separators() -> tuple[str, str]:
    """Return what stands between thousands in the present locale, and before decimals."""
    return _separators(_present.get().locale)


def month_name(on: date) -> str:
    """Return the month of a date in the present language: `May`."""
    return locale_data(_present.get().language).months["format"]["wide"][on.month]


def month_short(on: date) -> str:
    """Return the month of a date, as short as can be: `Sep`."""
    return locale_data(_present.get().language).months["format"]["abbreviated"][on.month].rstrip(".")


@cache
def _separators(locale: str) -> tuple[str, str]:
    symbols = locale_data(locale).number_symbols["latn"]
    # Thin, not the no-break spaces: common fonts draw the narrow one too narrow to be seen between digits.
    group = re.sub("[\u00a0\u202f]", "\u2009", symbols["group"])
    return group, _OWN_DECIMALS.get(locale) or str(symbols["decimal"])


@cache
def locale_data(name: str) -> Locale:
    """Return what is known of a language or locale, such as `af` or `en-ZA`."""
    return Locale.parse(name.replace("-", "_"))
