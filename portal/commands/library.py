"""`portal edition`, the operator's library of tariffs (Admin), and `portal offer`, what it offers a Client."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from portal.commands.json_files import json_in
from portal.commands.output import AsJson, answer
from portal.commands.session import with_stack
from portal.core.settings import RunMode
from portal.core.tariffs.service import library, offers
from portal.core.tariffs.service.library import KeptEdition, StoredEdition
from portal.core.tariffs.service.offers import LibraryOffer

edition_verbs = typer.Typer(
    help="The library of municipal tariffs that customers are offered (Admin).", no_args_is_help=True
)
offer_verbs = typer.Typer(
    help="Tariffs that the operator's library offers this stack (Client).", no_args_is_help=True
)


@edition_verbs.command("list")
def list_editions(as_json: AsJson = False) -> None:
    """List the library by municipality; with --json in the shape that `portal edition add` takes."""
    found = with_stack(library.list_editions, mode=RunMode.ADMIN)
    shown = [library.edition_wire(each.edition) | _status(each) for each in found]
    answer({"editions": shown}, "\n".join(map(_in_words, found)) or "The library is empty.", as_json=as_json)


@edition_verbs.command("add")
def add_editions(
    file: Path,
    publish: Annotated[bool, typer.Option("--publish", help="Offer them to every customer at once.")] = False,
    confirm_negative: Annotated[
        bool, typer.Option("--confirm-negative-rates", help="Rates below zero are meant.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep the tariffs of a JSON file, all or none; one of the same municipality, name and first day is replaced."""
    raw = json_in(file)
    kept = with_stack(
        lambda stack: library.keep_editions(stack, raw, publish=publish, is_confirmed=confirm_negative),
        mode=RunMode.ADMIN,
    )
    result = {"id": kept[0].id if kept else None, "editions": [each._asdict() for each in kept]}
    answer(result, "\n".join(map(_kept, kept)) or "The file holds no tariff.", as_json=as_json)


@edition_verbs.command("publish")
def publish(edition_id: UUID, as_json: AsJson = False) -> None:
    """Offer an edition to every customer; each of them takes it over, or not."""
    _set_published(edition_id, is_published=True, as_json=as_json)


@edition_verbs.command("withdraw")
def withdraw(edition_id: UUID, as_json: AsJson = False) -> None:
    """Offer an edition to nobody any more; what was taken over of it stays."""
    _set_published(edition_id, is_published=False, as_json=as_json)


@edition_verbs.command("remove")
def remove_edition(edition_id: UUID, as_json: AsJson = False) -> None:
    """Delete an edition that is offered to nobody."""
    with_stack(lambda stack: library.remove_edition(stack, edition_id), mode=RunMode.ADMIN)
    answer({"id": edition_id, "removed": True}, "The edition is gone.", as_json=as_json)


@offer_verbs.command("list")
def list_offers(as_json: AsJson = False) -> None:
    """List what is offered, what waits for an answer first."""
    found = with_stack(offers.list_offers, mode=RunMode.CLIENT)
    shown = [_offer_fields(each) for each in found]
    answer({"offers": shown}, "\n".join(map(_offer_words, found)) or "Nothing is offered.", as_json=as_json)


@offer_verbs.command("accept")
def accept_offer(
    offer_id: UUID,
    municipality: Annotated[
        int | None, typer.Option(help="Id of the municipality it is for, where that has another name.")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Store it as a draft at first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a tariff of an offer, in force from its first day."""
    made = with_stack(
        lambda stack: offers.accept(stack, offer_id, municipality, as_draft=draft), mode=RunMode.CLIENT
    )
    words = f"Tariff {made} is a draft." if draft else f"Tariff {made} is in force from its first day."
    answer({"id": made, "offer": offer_id, "draft": draft}, words, as_json=as_json)


@offer_verbs.command("decline")
def decline_offer(offer_id: UUID, as_json: AsJson = False) -> None:
    """Say that an offer is not wanted here, until it is changed."""
    with_stack(lambda stack: offers.decline(stack, offer_id), mode=RunMode.CLIENT)
    answer(
        {"id": offer_id, "declined": True}, "It is not offered again until it is changed.", as_json=as_json
    )


@offer_verbs.command("undo")
def undo_offer(offer_id: UUID, as_json: AsJson = False) -> None:
    """Take back what was said to an offer; what stood in its tariff's place comes back."""
    with_stack(lambda stack: offers.undo(stack, offer_id), mode=RunMode.CLIENT)
    answer({"id": offer_id, "undone": True}, "It is as it was before.", as_json=as_json)


def _set_published(edition_id: UUID, *, is_published: bool, as_json: bool) -> None:
    with_stack(
        lambda stack: library.set_published(stack, edition_id, is_published=is_published), mode=RunMode.ADMIN
    )
    words = "Customers are offered it." if is_published else "Nobody is offered it any more."
    answer({"id": edition_id, "published": is_published}, words, as_json=as_json)


def _status(stored: StoredEdition) -> dict[str, object]:
    return {
        "id": stored.edition.id,
        "isPublished": stored.is_published,
        "customers": stored.customers,
        "takenOver": stored.taken_over,
    }


def _in_words(stored: StoredEdition) -> str:
    edition = stored.edition
    state = f"{stored.taken_over} of {stored.customers} have it" if stored.is_published else "draft"
    tariff = edition.tariff
    return f"{edition.id}: {tariff.name} of {edition.municipality} from {tariff.effective_from}, {state}"


def _kept(kept: KeptEdition) -> str:
    return f"{'Added' if kept.is_new else 'Replaced'} {kept.name} of {kept.municipality} ({kept.id})."


def _offer_fields(offer: LibraryOffer) -> dict[str, object]:
    return {
        "id": offer.id,
        "municipality": offer.municipality,
        "municipalityId": offer.municipality_id,
        "name": None if offer.tariff is None else offer.tariff.name,
        "effectiveFrom": None if offer.tariff is None else offer.tariff.effective_from,
        "isMeant": offer.is_meant,
        "isWaiting": offer.is_waiting,
        "answer": offer.answer,
        "differences": [
            {"label": each.label, "before": each.before, "after": each.after} for each in offer.differences
        ],
    }


def _offer_words(offer: LibraryOffer) -> str:
    if offer.tariff is None:
        return f"{offer.id}: an edition of {offer.municipality} that this release cannot read"
    state = "waits for an answer" if offer.is_waiting else offer.answer or "offered"
    return (
        f"{offer.id}: {offer.tariff.name} of {offer.municipality} from {offer.tariff.effective_from}, {state}, "
        f"{len(offer.differences)} differences"
    )
