"""`GET /api/measurements`: a device's readings, one by one or in buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import (
    choice_parameter,
    choices_parameter,
    instant_parameter,
    integer_parameter,
    uuid_parameter,
)
from fleet_ingest.payloads import MeasurementsAnswer, SampleAnswer
from portal.core.errors import Invalid
from portal.core.readings.rules.quantities import QUANTITY_BY_WIRE_NAME, Quantity
from portal.core.readings.service import measurements
from portal.core.readings.service.measurements import WantedMeasurements

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    wanted = WantedMeasurements(
        bucket, integer_parameter(request, "limit", 1000), _quantities(request) or measurements.EIGHT
    )
    page = await measurements.read_page(stack_of(request), device_id, window, wanted)
    return json_answer(
        MeasurementsAnswer(
            device_id=device_id,
            bucket=bucket,
            measurements=[_sample(sample, wanted.quantities) for sample in page.samples],
            next_from=page.next_from_at,
        )
    )


def _quantities(request: Request) -> Sequence[Quantity]:
    names = choices_parameter(request, "quantities", QUANTITY_BY_WIRE_NAME)
    return [QUANTITY_BY_WIRE_NAME[name] for name in names]


def _sample(sample: MeasurementRow, quantities: Sequence[Quantity]) -> SampleAnswer:
    return SampleAnswer(
        time=sample.at,
        sample_count=sample.sample_count,
        source=sample.source,
        **{each.name: value for each, value in zip(quantities, sample.values, strict=True)},
    )
