"""What the form asks about its prices before they are in force. Pure."""

import hashlib
from dataclasses import dataclass, replace
from decimal import Decimal

from portal.client.rates.draft import GRID, HUNDREDTH, Draft
from portal.client.rates.fields import NUMBER
from portal.client.rates.grid import PRICES, number_in, seasons_of, wire_of
from portal.core.errors import Invalid
from portal.core.tariffs.rules.tariff_input import read_tariff
from portal.core.tariffs.rules.tariff_questions import Doubt, Question, questions
from portal.core.tariffs.rules.tariffs import Tariff

_FACTORS = (Decimal(10), Decimal(100))
_HUNDRED = Decimal(100)


@dataclass
class PriceQuestion:
    """A question: a mark to answer it by, its words, and a price that may be meant with the box it belongs in."""

    key: str = ""
    words: str = ""
    suggestion: str = ""
    box: str = ""


def open_questions(draft: Draft, tariff: Tariff, symbol: str) -> list[PriceQuestion]:
    """The questions about a draft's prices that nobody has answered yet."""
    answered = set(draft.answered.split())
    asked = [(_key(question), question) for question in questions(tariff)]
    return [_asked(key, question, draft, symbol) for key, question in asked if key not in answered]


def with_answer(draft: Draft, key: str) -> Draft:
    """The form with a question answered: the price is right."""
    return replace(draft, answered=" ".join([*draft.answered.split(), key]))


def _key(question: Question) -> str:
    """A mark of a price and what is asked about it: another price is asked about again."""
    said = f"{question.words}|{question.rate.normalize()}"
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _asked(key: str, question: Question, draft: Draft, symbol: str) -> PriceQuestion:
    words = f"{symbol}\u00a0{question.rate.normalize():f} a kWh? {question.words[:1].upper()}{question.words[1:]}."
    if question.doubt is not Doubt.ODD or draft.layout != GRID:
        return PriceQuestion(key, words)
    return PriceQuestion(key, words, *_suggestion(question, draft))


def _suggestion(question: Question, draft: Draft) -> tuple[str, str]:
    """Return the price with its decimal sign moved, where nothing is asked about that, and its box."""
    typed = question.rate * _HUNDRED if draft.unit == HUNDREDTH else question.rate
    boxes = [name for season in seasons_of(draft) for name in PRICES[season].values()]
    for box in (name for name in boxes if number_in(getattr(draft, name)) == typed):
        for factor in _FACTORS:
            text = NUMBER.show(typed / factor)
            if not _is_asked(replace(draft, **{box: text}), question.path):
                return text, box
    return "", ""


def _is_asked(draft: Draft, path: str) -> bool:
    try:
        return any(question.path == path for question in questions(read_tariff(wire_of(draft))))
    except Invalid:
        return True
