"""`POST /api/fleet/ingest`: batches from Client stacks."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer, status_of
from fleet_ingest.auth import customer_of
from fleet_ingest.bodies import read_body
from fleet_ingest.context import metrics_of, stack_of, trigger_refresh, unproven_log_of
from fleet_ingest.endpoints.library import library_headers
from fleet_ingest.post_log import unproven_push
from portal.core.errors import Invalid, PortalError, Unauthenticated, Unavailable
from portal.core.exchange.batches import (
    CURSOR_HEADER,
    ROW_TYPES,
    TYPE_HEADER,
    BatchAnswer,
    BatchType,
    known_type,
)
from portal.core.exchange.sync import (
    BACKLOG_HEADER,
    BOARDS_HEADER,
    EPOCH_HEADER,
    FULL_SET_HEADER,
    MARK_HEADER,
    parse_boards,
    parse_position,
    parse_report,
    parse_set_range,
)
from portal.core.fleet.service import fleet_batches, fleet_push
from portal.core.fleet.service.fleet_batches import BatchHeading
from portal.core.log import logger
from portal.core.readings.decoding import decode_rows_aside
from portal.core.readings.rules.same_instant import RowEffect

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.fleet.queries.fleet_batches import KnownCustomer
    from portal.core.fleet.service.fleet_batches import StoredBatch

_log = logger("fleet-ingest")


async def post_batch(request: Request) -> Response:
    """Store a batch of the customer of the token; a batch refused as a whole leaves an ingest event too."""
    try:
        customer = await customer_of(request)
    except Unauthenticated:
        unproven_log_of(request).note(stack_of(request), unproven_push(request))
        raise
    stack = stack_of(request)
    max_bytes = stack.settings.fleet_ingest.max_request_bytes
    heading = BatchHeading(request.headers.get(TYPE_HEADER, ""), request.headers.get(CURSOR_HEADER), 0)
    try:
        body = await read_body(request, max_bytes)
        full_set = parse_set_range(request.headers.get(FULL_SET_HEADER))
        position = parse_position(request.headers.get(EPOCH_HEADER))
        heading = BatchHeading(heading.batch_type, heading.cursor, len(body), full_set, position)
        answer = await _store(request, customer, heading, body)
    except Unavailable as error:  # there is nowhere to keep an event of it
        metrics_of(request).count_refused(known_type(heading.batch_type), error.code)
        raise
    except PortalError as error:
        metrics_of(request).count_refused(known_type(heading.batch_type), error.code)
        with suppress(Unavailable):  # the sender hears why in any case
            await fleet_batches.record_refusal(stack, customer, heading, error.message, status_of(error))
        _log.warning(f"Refused a batch from {customer.code} ({customer.id}): {error.message}")
        raise
    _log.info(
        f"Accepted {answer.accepted} {heading.batch_type} from {customer.code} ({customer.id}), "
        f"rejected {answer.rejected}"
    )
    return json_answer(answer, headers=_confirmation(heading) | await library_headers(stack))


def _confirmation(heading: BatchHeading) -> dict[str, str]:
    """Say that the batch's mark is kept: a Client relies on it after a restore of either side."""
    return {} if heading.position is None else {MARK_HEADER: str(heading.position.mark)}


async def _store(
    request: Request, customer: KnownCustomer, heading: BatchHeading, body: bytes
) -> BatchAnswer:
    if heading.batch_type not in set(BatchType):
        message = f"{TYPE_HEADER} must be one of {', '.join(BatchType)}."
        raise Invalid(message)
    batch_type = BatchType(heading.batch_type)
    stack = stack_of(request)
    most = stack.settings.fleet_ingest.max_request_rows
    rows = await decode_rows_aside(body, ROW_TYPES[batch_type], max_rows=most)
    began = monotonic()
    stored = await fleet_batches.store_batch(stack, customer, heading, rows)
    answer = stored.answer
    metrics = metrics_of(request)
    metrics.time_batch(batch_type.value, monotonic() - began)
    metrics.count_rows(batch_type.value, customer.code, _outcomes(stored))
    if batch_type in {BatchType.MEASUREMENTS, BatchType.EVENTS} and answer.accepted:
        trigger_refresh(request)
    report = parse_report(request.headers.get(BACKLOG_HEADER))
    if report is not None:
        silent = parse_boards(request.headers.get(BOARDS_HEADER))
        await fleet_push.note_report(stack, customer.id, report, silent)
    return answer


def _outcomes(stored: StoredBatch) -> dict[str, int]:
    """Return what became of the rows; only a reading can be completed, or be in conflict with one."""
    others = {
        "duplicate": stored.effects.get(RowEffect.DUPLICATE, 0),
        "completed": stored.effects.get(RowEffect.COMPLETED, 0),
        "conflict": stored.effects.get(RowEffect.CONFLICT, 0),
    }
    accepted = stored.answer.accepted - sum(others.values())
    return {"accepted": accepted, "rejected": stored.answer.rejected, **others}
