"""What waits for a decision over the fleet, as texts."""

from collections.abc import Mapping, Sequence
from typing import TypedDict
from uuid import UUID

from portal.core.languages import tr
from portal.core.quality.rules.event_words import event_in_words
from portal.core.quality.service.meter_events import StoredEvent, WaitingOfCustomer
from portal.features.data_quality.view import what_happened
from portal.ui import formats

_MOST_CUSTOMERS = 50
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


def customer_lines(waiting: Sequence[WaitingOfCustomer]) -> list[WaitingCustomer]:
    """Where most waits, given with the most first."""
    return [
        {
            "name": each.name,
            "count": formats.counted(each.events, "{count} event", "{count} events"),
            "address": _ADDRESS.format(id=each.customer_id),
        }
        for each in waiting[:_MOST_CUSTOMERS]
    ]


def customers_note(waiting: Sequence[WaitingOfCustomer]) -> str:
    """Of how many customers those are, where not all are shown."""
    if len(waiting) <= _MOST_CUSTOMERS:
        return ""
    customers = formats.counted(len(waiting), "{count} customer", "{count} customers")
    return tr("The {most} with the most of {customers}", most=_MOST_CUSTOMERS, customers=customers)


def events_note(shown: int, count: int) -> str:
    """Where it is decided, and of how many events those are, where not all are shown."""
    if shown >= count:
        return tr("Decided at the customer")
    events = formats.counted(count, "{count} event", "{count} events")
    return tr(
        "The latest {shown} of {events}; decided at the customer",
        shown=formats.number(shown, 0),
        events=events,
    )


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
