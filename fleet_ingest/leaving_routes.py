"""What an Admin serves of customers that leave."""

from __future__ import annotations

from fleet_ingest import fields
from fleet_ingest.endpoints import leaving
from fleet_ingest.operations import Operation
from fleet_ingest.payloads_leaving import DecommissionAnswer, DecommissionsAnswer
from fleet_ingest.requests import Decommissioning

_CUSTOMER = "/admin/customers/{customer_id:uuid}"

LEAVING = (
    Operation(
        "GET",
        f"{_CUSTOMER}/export",
        leaving.get_export,
        None,
        errors=(404, 429),
        media_type=leaving.ZIP,
        tag="Customers",
    ),
    Operation(
        "POST",
        f"{_CUSTOMER}/decommission",
        leaving.post_decommission,
        DecommissionAnswer,
        body=(Decommissioning,),
        parameters=(fields.IF_MATCH,),
        errors=(404, 408, 409, 412, 413),
        success=leaving.ACCEPTED,
        example={"confirm": "ACME"},
        tag="Customers",
        headers=("Location",),
    ),
    Operation("GET", "/admin/decommissions", leaving.get_decommissions, DecommissionsAnswer, tag="Customers"),
    Operation(
        "GET",
        "/admin/decommissions/{decommission_id:uuid}",
        leaving.get_decommission,
        DecommissionAnswer,
        errors=(404,),
        tag="Customers",
    ),
)
