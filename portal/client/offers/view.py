"""What is offered, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict

from portal.core.languages import tr
from portal.core.tariffs.rules.editions import TariffDifference
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service.offers import ACCEPTED, DECLINED, DRAFTED, LibraryOffer
from portal.features.rates.view import TariffCard, build_card
from portal.ui import formats

_NONE = "none"


class DifferenceRow(TypedDict):
    """A line of what changes; `change` is by how much, where both are amounts."""

    label: str
    before: str
    after: str
    change: str


@dataclass
class OfferCard:
    """Everything that is shown of an offer that concerns this stack."""

    id: str = ""
    version: str = ""
    title: str = ""
    municipality: str = ""
    state: str = ""
    tone: str = "neutral"
    note: str = ""
    source: str = ""
    before_title: str = ""
    after_title: str = ""
    rows: list[DifferenceRow] = field(default_factory=list)
    is_waiting: bool = False
    may_undo: bool = False
    has_municipality: bool = True
    tariff: TariffCard = field(default_factory=TariffCard)


class OtherRow(TypedDict):
    """An edition that does not go on with anything here."""

    id: str
    municipality: str
    name: str
    first: str
    is_known: bool


def build_offers(offers: Iterable[LibraryOffer], shown: str, currency: str, zone: str) -> list[OfferCard]:
    """A card for each offer that concerns this stack, and for the one of the id `shown`."""
    return [
        _card(each, each.tariff, currency, zone)
        for each in offers
        if each.tariff is not None and (each.is_meant or str(each.id) == shown)
    ]


def build_others(offers: Iterable[LibraryOffer]) -> list[OtherRow]:
    """A line for each of the others."""
    return [
        {
            "id": str(each.id),
            "municipality": each.municipality,
            "name": tr("Needs a newer release of this portal") if each.tariff is None else each.tariff.name,
            "first": "" if each.tariff is None else formats.day(each.tariff.effective_from),
            "is_known": each.tariff is not None,
        }
        for each in offers
        if not each.is_meant and not each.is_withdrawn
    ]


def summary(offers: Sequence[LibraryOffer]) -> str:
    """How many wait."""
    waiting = sum(each.is_waiting for each in offers)
    if waiting:
        return tr(
            "{tariff} to look at. Nothing changes until you accept it.",
            tariff=formats.counted(waiting, "{count} tariff", "{count} tariffs"),
        )
    return tr("Nothing waits for you. Nothing changes by itself.")


def _card(offer: LibraryOffer, tariff: Tariff, currency: str, zone: str) -> OfferCard:
    state, tone = _state(offer)
    return OfferCard(
        id=str(offer.id),
        version=offer.version,
        title=tariff.name,
        municipality=offer.municipality,
        state=state,
        tone=tone,
        note=_note(offer, zone),
        source=offer.source,
        before_title=_before_title(offer, tariff),
        after_title=tr("From {effective_from}", effective_from=formats.day(tariff.effective_from)),
        rows=[_row(each) for each in offer.differences],
        is_waiting=not offer.answer and not offer.is_withdrawn,
        may_undo=offer.may_undo,
        has_municipality=offer.municipality_id is not None,
        tariff=build_card(tariff, offer.municipality, currency),
    )


def _state(offer: LibraryOffer) -> tuple[str, str]:
    words = {
        ACCEPTED: (tr("Accepted"), "ok"),
        DRAFTED: (tr("Kept as a draft"), "neutral"),
        DECLINED: (tr("Not wanted"), "neutral"),
    }
    if offer.answer:
        return words[offer.answer]
    if offer.is_withdrawn:
        return tr("Taken back by the operator"), "neutral"
    return (tr("Changed since you answered"), "warn") if offer.is_changed else (tr("New"), "warn")


def _note(offer: LibraryOffer, zone: str) -> str:
    if not offer.answer or offer.answered_at is None:
        return ""
    by = tr(" by {answered_by}", answered_by=offer.answered_by) if offer.answered_by else ""
    return f"{formats.local_time(offer.answered_at, zone)}{by}"


def _before_title(offer: LibraryOffer, tariff: Tariff) -> str:
    before = offer.before
    if before is None:
        return tr("In force now")
    if (before.name, before.effective_from) == (tariff.name, tariff.effective_from):
        return tr("As it is stored here")
    return tr(
        "{name}, from {effective_from}", name=before.name, effective_from=formats.day(before.effective_from)
    )


def _row(difference: TariffDifference) -> DifferenceRow:
    return {
        "label": difference.label[:1].upper() + difference.label[1:],
        "before": difference.before if difference.before != _NONE else "\u2013",
        "after": difference.after if difference.after != _NONE else "\u2013",
        "change": "" if difference.share is None else _percent(difference.share),
    }


def _percent(share: Decimal) -> str:
    return f"{share * 100:+.1f} %".replace("-", "\u2212")
