"""What waits for a decision over the fleet, as texts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypedDict
from uuid import UUID

from portal.core.quality.rules.event_words import event_in_words
from portal.core.quality.service.meter_events import StoredEvent
from portal.features.data_quality.view import what_happened
from portal.ui import formats

_ADDRESS = "/customers/{id}?tab=quality"


class WaitingCustomer(TypedDict):
    """A customer where something waits."""

    name: str
    count: str
    address: str


class FleetEventLine(TypedDict):
    """One event, with whose it is."""

    customer: str
    title: str
    where: str
    when: str
    when_utc: str
    what: str
    address: str


def customer_lines(events: Sequence[StoredEvent], names: Mapping[UUID, str]) -> list[WaitingCustomer]:
    """Where something waits, the most first."""
    counts = Counter(each.key[0] for each in events)
    return [
        {
            "name": names.get(customer, str(customer)),
            "count": formats.count(count, "event"),
            "address": _ADDRESS.format(id=customer),
        }
        for customer, count in counts.most_common()
    ]


def fleet_lines(events: Sequence[StoredEvent], names: Mapping[UUID, str], zone: str) -> list[FleetEventLine]:
    """What waits, the latest first."""
    return [
        {
            "customer": names.get(each.key[0], str(each.key[0])),
            "title": event_in_words(each.kind),
            "where": f"{each.device_name}, {each.site_name}",
            "when": formats.local_time(each.at, zone),
            "when_utc": formats.utc_time(each.at),
            "what": what_happened(each),
            "address": f"{_ADDRESS.format(id=each.key[0])}&event={each.id}",
        }
        for each in events
    ]
