"""`GET /api/measurements`: a device's readings, one by one or in buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import choice_parameter, instant_parameter, integer_parameter, uuid_parameter
from fleet_ingest.payloads import MeasurementsAnswer, SampleAnswer
from portal.core.errors import Invalid
from portal.core.readings.rules.readings import QUANTITIES
from portal.core.readings.service import measurements

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.readings.queries.measurements import MeasurementRow


async def get_measurements(request: Request) -> Response:
    """Page through a device's readings."""
    await admin_of(request)
    device_id = uuid_parameter(request, "deviceId")
    if device_id is None:
        message = "'deviceId' is missing"
        raise Invalid(message)
    window = instant_parameter(request, "from"), instant_parameter(request, "to")
    bucket = choice_parameter(request, "bucket", measurements.BUCKETS) or "raw"
    limit = integer_parameter(request, "limit", 1000)
    page = await measurements.read_page(stack_of(request), device_id, window, bucket, limit)
    return json_answer(
        MeasurementsAnswer(
            device_id=device_id,
            bucket=bucket,
            measurements=[_sample(sample) for sample in page.samples],
            next_from=page.next_from_at,
        )
    )


def _sample(sample: MeasurementRow) -> SampleAnswer:
    return SampleAnswer(
        time=sample.at,
        sample_count=sample.sample_count,
        source=sample.source,
        **dict(zip(QUANTITIES, sample.values, strict=True)),
    )
