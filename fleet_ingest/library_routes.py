"""What an Admin serves of its library of tariffs, and a Client of what it is offered of one."""

from __future__ import annotations

from fleet_ingest import fields
from fleet_ingest.endpoints import library, offers
from fleet_ingest.operations import AccessRule, Operation, Parameter
from fleet_ingest.payloads_library import EditionAnswer, EditionsAnswer, OffersAnswer
from fleet_ingest.rate_routes import CONFIRM, EXAMPLE
from fleet_ingest.requests_library import Acceptance
from portal.core.tariffs.service.library import MOST_EDITIONS
from portal.core.tariffs.wire import EditionEntry, EditionPage

_EDITIONS = "/admin/tariff-editions"
_EDITION = f"{_EDITIONS}/{{edition_id:uuid}}"
_OFFER = "/rates/offers/{offer_id:uuid}"
_BODY = EXAMPLE | {"timeZoneId": "Africa/Johannesburg", "source": "Council resolution of 28 May 2026"}
_TAG = "Tariff library"

LIBRARY = (
    Operation(
        "GET",
        "/fleet/tariff-editions",
        library.get_published,
        EditionPage,
        AccessRule.CUSTOMER,
        parameters=(
            Parameter("after", "query", "the last id of the page before", required=False, schema=fields.UUID),
            fields.limit(MOST_EDITIONS, MOST_EDITIONS),
        ),
        errors=(400, 429),
        tag="Ingest",
    ),
    Operation("GET", _EDITIONS, library.get_editions, EditionsAnswer, tag=_TAG),
    Operation(
        "GET", _EDITION, library.get_edition, EditionAnswer, errors=(404,), tag=_TAG, headers=("ETag",)
    ),
    Operation(
        "POST",
        _EDITIONS,
        library.post_edition,
        EditionAnswer,
        body=(EditionEntry,),
        parameters=(CONFIRM,),
        errors=(408, 409, 413),
        success=library.CREATED,
        example=_BODY,
        tag=_TAG,
        headers=("ETag", "Location"),
    ),
    Operation(
        "PUT",
        _EDITION,
        library.put_edition,
        EditionAnswer,
        body=(EditionEntry,),
        parameters=(fields.IF_MATCH, CONFIRM),
        errors=(404, 408, 409, 412, 413),
        example=_BODY,
        tag=_TAG,
        headers=("ETag",),
    ),
    *[
        Operation(
            "POST",
            f"{_EDITION}/{verb}",
            handler,
            EditionAnswer,
            parameters=(fields.IF_MATCH,),
            errors=(404, 412),
            tag=_TAG,
            headers=("ETag",),
        )
        for verb, handler in (("publish", library.post_published), ("withdraw", library.post_withdrawn))
    ],
    Operation(
        "DELETE",
        _EDITION,
        library.delete_edition,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 409, 412),
        success=204,
        tag=_TAG,
    ),
)
OFFERS = (
    Operation("GET", "/rates/offers", offers.get_offers, OffersAnswer, tag=_TAG),
    Operation(
        "POST",
        f"{_OFFER}/accept",
        offers.post_acceptance,
        OffersAnswer,
        body=(Acceptance,),
        parameters=(fields.IF_MATCH,),
        errors=(404, 408, 409, 412, 413),
        example={"asDraft": False},
        tag=_TAG,
    ),
    Operation(
        "POST",
        f"{_OFFER}/decline",
        offers.post_refusal,
        OffersAnswer,
        parameters=(fields.IF_MATCH,),
        errors=(404, 409, 412),
        tag=_TAG,
    ),
    Operation("POST", f"{_OFFER}/undo", offers.post_undo, OffersAnswer, errors=(404, 409), tag=_TAG),
)
