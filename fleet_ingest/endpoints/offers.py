"""`/api/rates/offers`: what the operator's library offers a Client, and what is said to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import expected_versions, json_body
from fleet_ingest.payloads_library import DifferenceAnswer, OfferAnswer, OffersAnswer
from fleet_ingest.requests_library import Acceptance
from portal.core.tariffs.service import offers
from portal.core.tariffs.wire import tariff_entry

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.tariffs.service.offers import LibraryOffer


async def get_offers(request: Request) -> Response:
    """List what is offered, what waits for an answer first, each beside what it would change."""
    await admin_of(request)
    return await _listed(request)


async def post_acceptance(request: Request) -> Response:
    """Make a tariff of an offer, in force from its first day or a draft."""
    await admin_of(request)
    wanted = await json_body(request, Acceptance)
    await offers.accept(
        stack_of(request),
        _id(request),
        wanted.municipality_id,
        expected_versions(request),
        as_draft=wanted.as_draft,
    )
    return await _listed(request)


async def post_refusal(request: Request) -> Response:
    """Say that an offer is not wanted here, until it is changed."""
    await admin_of(request)
    await offers.decline(stack_of(request), _id(request), expected_versions(request))
    return await _listed(request)


async def post_undo(request: Request) -> Response:
    """Take back what was said to an offer; what stood in its tariff's place comes back."""
    await admin_of(request)
    await offers.undo(stack_of(request), _id(request))
    return await _listed(request)


async def _listed(request: Request) -> Response:
    found = await offers.list_offers(stack_of(request))
    return json_answer(OffersAnswer(offers=[_answer(each) for each in found]))


def _id(request: Request) -> UUID:
    return request.path_params["offer_id"]


def _answer(offer: LibraryOffer) -> OfferAnswer:
    return OfferAnswer(
        id=offer.id,
        version=offer.version,
        municipality=offer.municipality,
        municipality_id=offer.municipality_id,
        time_zone_id=offer.time_zone_id,
        source=offer.source,
        tariff=None if offer.tariff is None else tariff_entry(offer.tariff),
        replaces=None if offer.before is None else offer.before.id,
        differences=[
            DifferenceAnswer(label=each.label, before=each.before, after=each.after)
            for each in offer.differences
        ],
        is_meant=offer.is_meant,
        is_waiting=offer.is_waiting,
        answer=offer.answer,
        answered_at=offer.answered_at if offer.answer else None,
        is_changed=offer.is_changed,
        is_withdrawn=offer.is_withdrawn,
        may_undo=offer.may_undo,
    )
