"""One tariff as somebody hands it in: read, put among the municipalities there are, or refused with every problem."""

from collections.abc import Iterable, Mapping

from portal.core.errors import Invalid
from portal.core.tariffs.rules.tariff_json import joined
from portal.core.tariffs.rules.tariff_municipalities import assign_municipalities
from portal.core.tariffs.rules.tariff_questions import negative_rates
from portal.core.tariffs.rules.tariff_wire import TariffInvalid, tariff_from_wire
from portal.core.tariffs.rules.tariffs import Problem, Tariff
from portal.core.words import say


def read_tariff(raw: object) -> Tariff:
    """Return the tariff of a decoded JSON object, not stored. Raises `Invalid` with every problem."""
    try:
        return tariff_from_wire(raw, strict=True)
    except TariffInvalid as error:
        raise invalid_tariff(error.problems) from None


def unconfirmed_problems(tariff: Tariff, path: str = "") -> list[Problem]:
    """Return the rates below zero as problems, with their paths from `path` on: nobody has confirmed them."""
    return [
        Problem(
            joined(path, question.path), f"{question.words}; it was {question.rate}, and nobody confirmed it"
        )
        for question in negative_rates(tariff)
    ]


def assign_municipality(
    tariff: Tariff, municipalities: Mapping[str, int]
) -> tuple[dict[int, Tariff], list[Problem]]:
    """Return the tariff, as number 0, with the id of its municipality; what is wrong with it among those there are."""
    return assign_municipalities({0: tariff}, municipalities)


def invalid_tariff(problems: Iterable[Problem]) -> Invalid:
    """Return the refusal of a tariff, with each problem and its path."""
    named = [(problem.path.removeprefix("[0]."), problem.message) for problem in problems]
    words = "; ".join(f"{path}: {message}" if path else message for path, message in named)
    details = {"problems": [{"path": path, "message": message} for path, message in named]}
    return Invalid(say("The tariff was not stored: {words}", words=words), details=details)
