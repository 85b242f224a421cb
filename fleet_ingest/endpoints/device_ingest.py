"""`POST /api/ingest/measurements`: readings from a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import device_of
from fleet_ingest.bodies import read_body
from fleet_ingest.context import stack_of, trigger_rollups
from portal.core.log import logger
from portal.core.services import readings
from portal.core.wire.decoding import decode_rows
from portal.core.wire.readings import DeviceReading

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_log = logger("ingest")


async def post_readings(request: Request) -> Response:
    """Store a device's readings and say what became of each."""
    device = await device_of(request)
    stack = stack_of(request)
    limits = stack.settings.fleet_ingest
    body = await read_body(request, limits.max_request_bytes)
    rows = decode_rows(body, DeviceReading, max_rows=limits.max_request_rows)
    answer = await readings.store_device_batch(stack, device.id, rows)
    if answer.accepted:
        trigger_rollups(request)
    _log.info(
        f"Accepted {answer.accepted} measurements from {device.external_id} ({device.id}), "
        f"rejected {answer.rejected}, duplicates {answer.duplicates}"
    )
    return json_answer(answer)
