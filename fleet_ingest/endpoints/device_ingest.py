"""`POST /api/ingest/measurements`: readings from a device."""

from __future__ import annotations

from contextlib import nullcontext
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import bearer_of, device_of
from fleet_ingest.bodies import read_body
from fleet_ingest.context import metrics_of, post_log_of, stack_of, trigger_refresh
from fleet_ingest.post_log import refused_post, stored_post
from portal.core.boards.rules.board_words import HEADER, RING_HEADER, board_word
from portal.core.boards.service import boards
from portal.core.errors import PortalError, Unauthenticated
from portal.core.log import logger
from portal.core.pacing import brief
from portal.core.readings.decoding import decode_rows_aside
from portal.core.readings.service import board_clocks, readings
from portal.core.readings.wire import DeviceReading
from portal.core.values.time import whole_seconds

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.boards.service.boards import BoardOffer
    from portal.core.readings.queries.ingest import KnownDevice
    from portal.core.readings.wire import DeviceIngestAnswer

_log = logger("ingest")
_TYPE = "device"
_SMALL_BYTES = 4096


async def post_readings(request: Request) -> Response:
    """Store a device's readings and say what became of each."""
    with brief() if _is_small(request) else nullcontext():
        try:
            return await _answer(request)
        except PortalError as error:
            _note_refused(request, error)
            raise


def _note_refused(request: Request, error: PortalError) -> None:
    """Keep why a post was refused; not of an address that tries one token after the other."""
    device_id = getattr(request.state, "device_id", None)
    if device_id is None and not isinstance(error, Unauthenticated):
        return
    stack = stack_of(request)
    post_log_of(request).note(stack, refused_post(request, stack, device_id, bearer_of(request) or "", error))


def _is_small(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return length.isdecimal() and int(length) <= _SMALL_BYTES


async def _answer(request: Request) -> Response:
    device = await device_of(request)
    metrics = metrics_of(request)
    began = monotonic()
    try:
        answer = await _store(request, device)
    except PortalError as error:
        metrics.count_refused(_TYPE, error.code)
        raise
    metrics.time_batch(_TYPE, monotonic() - began)
    metrics.count_rows(_TYPE, "", _outcomes(answer))
    if answer.accepted or answer.completed or answer.conflicts:
        trigger_refresh(request)
    _log.info(
        f"Accepted {answer.accepted} measurements from {device.external_id} ({device.id}), "
        f"rejected {answer.rejected}, duplicates {answer.duplicates}, completed {answer.completed}, "
        f"conflicts {answer.conflicts}"
    )
    return json_answer(answer)


def _outcomes(answer: DeviceIngestAnswer) -> dict[str, int]:
    return {
        "accepted": answer.accepted,
        "rejected": answer.rejected,
        "duplicate": answer.duplicates,
        "completed": answer.completed,
        "conflict": answer.conflicts,
    }


async def _store(request: Request, device: KnownDevice) -> DeviceIngestAnswer:
    stack = stack_of(request)
    limits = stack.settings.fleet_ingest
    body = await read_body(request, limits.max_request_bytes)
    rows = await decode_rows_aside(body, DeviceReading, max_rows=limits.max_request_rows)
    now = stack.clock()
    answer = await readings.store_device_batch(stack, device, rows)
    post_log_of(request).note(stack, stored_post(request, stack, device.id, answer))
    skew = await board_clocks.hear(stack, device, rows, now)
    if skew is not None:
        answer = replace(answer, server_time=now, clock_skew_seconds=whole_seconds(skew))
    word = board_word(request.headers.get(HEADER, ""), request.headers.get(RING_HEADER, ""))
    return answer if word is None else _with_offer(answer, await boards.hear(stack, device.id, word, now))


def _with_offer(answer: DeviceIngestAnswer, offer: BoardOffer) -> DeviceIngestAnswer:
    return replace(
        answer,
        settings=UNSET if offer.settings_version is None else offer.settings_version,
        update=offer.release or UNSET,
    )
