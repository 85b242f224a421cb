"""`/api/admin/tariff-editions` and `/api/fleet/tariff-editions`: the operator's library of tariffs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from fleet_ingest.answers import json_answer, no_content, thing_answer
from fleet_ingest.auth import admin_of, customer_of, operator_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import (
    expected_versions,
    flag_parameter,
    integer_parameter,
    json_value,
    uuid_parameter,
)
from fleet_ingest.payloads_library import EditionAnswer, EditionsAnswer
from portal.core.errors import PortalError
from portal.core.exchange.sync import LIBRARY_HEADER
from portal.core.tariffs.service import library

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.stack import Stack
    from portal.core.tariffs.service.library import StoredEdition

CREATED = 201


async def library_headers(stack: Stack) -> dict[str, str]:
    """Return the header that says which tariffs the library offers; nothing where that cannot be said just now."""
    with suppress(PortalError):
        return {LIBRARY_HEADER: await library.published_stamp(stack)}
    return {}


async def get_published(request: Request) -> Response:
    """Give a page of what the library offers to a customer's stack."""
    await customer_of(request)
    after, limit = (
        uuid_parameter(request, "after"),
        integer_parameter(request, "limit", library.MOST_EDITIONS),
    )
    return json_answer(await library.page_of_published(stack_of(request), after, limit))


async def get_editions(request: Request) -> Response:
    """List the library, by municipality, the last first day first."""
    await operator_of(request)
    found = await library.list_editions(stack_of(request))
    return json_answer(EditionsAnswer(editions=[_answer(each) for each in found]))


async def get_edition(request: Request) -> Response:
    """Show one edition in the shape it is handed in."""
    await operator_of(request)
    return await _shown(request, _id(request))


async def post_edition(request: Request) -> Response:
    """Add an edition, offered to nobody yet."""
    await admin_of(request)
    confirmed = flag_parameter(request, "confirmNegativeRates")
    made = await library.save_edition(stack_of(request), await json_value(request), is_confirmed=confirmed)
    found = await library.get_edition(stack_of(request), made)
    return thing_answer(_answer(found), found.mark, CREATED, f"{request.url.path}/{made}")


async def put_edition(request: Request) -> Response:
    """Put another edition in the place of one; where it is offered, every customer's stack hears of the change."""
    await admin_of(request)
    await library.save_edition(
        stack_of(request),
        await json_value(request),
        _id(request),
        expected_versions(request),
        is_confirmed=flag_parameter(request, "confirmNegativeRates"),
    )
    return await _shown(request, _id(request))


async def post_published(request: Request) -> Response:
    """Offer an edition to every customer's stack."""
    return await _set_published(request, is_published=True)


async def post_withdrawn(request: Request) -> Response:
    """Offer an edition to nobody any more; what was taken over of it stays."""
    return await _set_published(request, is_published=False)


async def delete_edition(request: Request) -> Response:
    """Delete an edition that is offered to nobody."""
    await admin_of(request)
    await library.remove_edition(stack_of(request), _id(request), expected_versions(request))
    return no_content()


async def _set_published(request: Request, *, is_published: bool) -> Response:
    await admin_of(request)
    await library.set_published(
        stack_of(request), _id(request), is_published=is_published, expected=expected_versions(request)
    )
    return await _shown(request, _id(request))


async def _shown(request: Request, edition_id: UUID) -> Response:
    found = await library.get_edition(stack_of(request), edition_id)
    return thing_answer(_answer(found), found.mark)


def _id(request: Request) -> UUID:
    return request.path_params["edition_id"]


def _answer(stored: StoredEdition) -> EditionAnswer:
    wire = library.edition_wire(stored.edition) | {
        "id": stored.edition.id,
        "isPublished": stored.is_published,
        "changedAt": stored.changed_at,
        "customers": stored.customers,
        "takenOver": stored.taken_over,
    }
    return msgspec.convert(wire, EditionAnswer)
