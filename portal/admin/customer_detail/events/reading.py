"""Reads what the tab with the ingest events shows."""

from typing import Any
from uuid import UUID

from portal.admin.customer_detail.events import answer, view
from portal.admin.customer_detail.events.address import BatchesAsked, events_address
from portal.core.fleet.service import fleet_views, push_history
from portal.core.stack import Stack
from portal.core.values.time import iso_utc

_ROWS = 50


async def read_events(stack: Stack, customer_id: UUID, asked: BatchesAsked) -> dict[str, Any]:
    """Return the fields of the tab's state that are read, for what its address asks for."""
    now, zone = stack.clock(), stack.settings.application.time_zone
    wanted = asked.filter_at(now)
    history = await push_history.push_history(stack, customer_id, wanted, asked.since(now), asked.width)
    page = await fleet_views.ingest_events(stack, customer_id, wanted, _ROWS)
    older = ""
    if page.next_before is not None:
        older = f"{events_address(str(customer_id), asked)}&before={iso_utc(page.next_before)}"
    return {
        "said": answer.build_answer(history, zone, now),
        "figures": view.build_figures(history, zone, now),
        "drawn": view.draw_history(history, zone, now),
        "strangers": view.strangers(history, now),
        "events": view.build_events(page.events, zone, now),
        "count_words": view.count_words(len(page.events), history.event_count),
        "older": older,
        "new_words": "",
        "zone": zone,
    }
