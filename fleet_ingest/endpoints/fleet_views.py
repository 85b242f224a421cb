"""`/api/fleet/overview` and a customer's detail and ingest events, for operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import operator_of
from fleet_ingest.context import stack_of
from fleet_ingest.endpoints.customers import customer_answer
from fleet_ingest.parameters import choice_parameter, flag_parameter, integer_parameter, optional_instant
from fleet_ingest.payloads import (
    CustomerDetailAnswer,
    FleetDeviceAnswer,
    FleetHourAnswer,
    FleetSiteAnswer,
    IngestEventAnswer,
    IngestEventsAnswer,
    IngestTotalsAnswer,
    OverviewAnswer,
)
from portal.core.exchange.batches import BatchType
from portal.core.fleet.rules.refused_pushes import problems_in
from portal.core.fleet.service import fleet_views
from portal.core.fleet.service.fleet_views import EventFilter
from portal.core.tariffs.wire import tariff_answer
from portal.core.wire_fields import RowProblem

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.fleet.service.customers import CustomerDevice, CustomerSite
    from portal.core.fleet.service.fleet_views import FleetHour, IngestEventLine, IngestTotals


async def get_overview(request: Request) -> Response:
    """Show the whole fleet in a few figures."""
    await operator_of(request)
    found = await fleet_views.fleet_overview(stack_of(request))
    return json_answer(
        OverviewAnswer(
            customers=found.customers,
            active_customers=found.active_customers,
            sites=found.sites,
            devices=found.devices,
            reporting_devices=found.reporting_devices,
            power_kw=found.power_kw,
            energy_today_kwh=found.energy_today_kwh,
            energy_as_of=found.energy_as_of.at,
            energy_is_complete=found.energy_as_of.is_complete,
            hours=[_hour(hour) for hour in found.hours],
        )
    )


async def get_detail(request: Request) -> Response:
    """Show a customer with its sites, devices and tariffs."""
    await operator_of(request)
    found = await fleet_views.customer_detail(stack_of(request), _customer_id(request))
    return json_answer(
        CustomerDetailAnswer(
            customer=customer_answer(found.line),
            last_day=[_totals(totals) for totals in found.last_day],
            sites=[_site(site) for site in found.sites],
            tariffs=[
                tariff_answer(tariff, municipality.name)
                for municipality in found.tariffs
                for tariff in municipality.tariffs
            ],
        )
    )


async def get_ingest_events(request: Request) -> Response:
    """Page through what a customer's stack pushed, newest first."""
    await operator_of(request)
    wanted = EventFilter(
        before=optional_instant(request, "before"),
        batch_type=choice_parameter(request, "batchType", tuple(BatchType)),
        only_problems=flag_parameter(request, "problems"),
    )
    limit = integer_parameter(request, "limit", 100)
    page = await fleet_views.ingest_events(stack_of(request), _customer_id(request), wanted, limit)
    return json_answer(
        IngestEventsAnswer(events=[_event(event) for event in page.events], next_before=page.next_before)
    )


def _customer_id(request: Request) -> UUID:
    return request.path_params["customer_id"]


def _hour(hour: FleetHour) -> FleetHourAnswer:
    return FleetHourAnswer(
        hour=hour.hour,
        batches=hour.batches,
        refused_batches=hour.refused_batches,
        rows_accepted=hour.rows_accepted,
        rows_rejected=hour.rows_rejected,
    )


def _totals(totals: IngestTotals) -> IngestTotalsAnswer:
    return IngestTotalsAnswer(
        batch_type=totals.batch_type,
        batches=totals.batches,
        refused_batches=totals.refused_batches,
        rows_accepted=totals.rows_accepted,
        rows_rejected=totals.rows_rejected,
    )


def _site(site: CustomerSite) -> FleetSiteAnswer:
    return FleetSiteAnswer(
        id=site.id,
        name=site.name,
        address=site.address,
        is_active=site.is_active,
        municipality=site.municipality,
        time_zone_id=site.time_zone_id,
        devices=[_device(device) for device in site.devices],
    )


def _device(device: CustomerDevice) -> FleetDeviceAnswer:
    return FleetDeviceAnswer(
        id=device.id,
        name=device.name,
        external_id=device.external_id,
        is_active=device.is_active,
        last_reading_at=device.last_reading_at,
        clock_skew_seconds=device.clock_skew_seconds,
        kind=device.kind.value,
        parent_id=device.parent_id,
        energy_today_kwh=device.energy_today_kwh,
    )


def _event(event: IngestEventLine) -> IngestEventAnswer:
    return IngestEventAnswer(
        id=event.id,
        received_at=event.received_at,
        batch_type=event.batch_type,
        rows_accepted=event.rows_accepted,
        rows_rejected=event.rows_rejected,
        batch_bytes=event.batch_bytes,
        client_hwm=event.client_hwm,
        time_spread_seconds=None if event.time_spread is None else event.time_spread.total_seconds(),
        error=event.error,
        status=event.status,
        problems=[RowProblem(row, reason) for row, reason in problems_in(event.problems)],
    )
