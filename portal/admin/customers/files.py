"""The list of customers as CSV: what its page shows of the same search, filter and order, all of it."""

import csv
from collections.abc import Iterable
from io import StringIO

from portal.admin.status import WORDS
from portal.core.fleet.service.customer_lists import ListedCustomer
from portal.core.values.texts import is_formula, shown_text
from portal.core.values.time import iso_utc

MOST_ROWS = 100_000
_HEADINGS = (
    *(
        "Code",
        "Name",
        "Status",
        "Why",
        "First seen",
        "Last seen",
        "Sites",
        "Meters",
        "kWh today (local days)",
    ),
    *(
        "Token issued",
        "Token rotated",
        "Old token valid until",
        "Rows waiting",
        "Rows given up",
        "Oldest unsent",
    ),
)


def customers_csv(customers: Iterable[ListedCustomer], *, for_machine: bool = False) -> bytes:
    """Return customers as CSV in UTF-8, a row each; instants in UTC.

    For people there is a mark in front that makes spreadsheets read UTF-8 as such.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADINGS)
    writer.writerows([_plain(each) for each in _cells(customer)] for customer in customers)
    return text.getvalue().encode("utf-8" if for_machine else "utf-8-sig")


def _cells(customer: ListedCustomer) -> tuple[str, ...]:
    push = customer.push
    instants = (
        customer.token_issued_at,
        customer.token_rotated_at,
        customer.previous_token_expires_at,
    )
    return (
        customer.code,
        customer.name,
        WORDS[customer.state],
        customer.refusal,
        *("" if at is None else iso_utc(at) for at in (customer.first_seen_at, customer.last_seen_at)),
        str(customer.site_count),
        str(customer.meter_count),
        f"{customer.energy_today_kwh:f}" if customer.meter_count else "",
        *("" if at is None else iso_utc(at) for at in instants),
        "" if push is None else str(push.waiting_rows),
        "" if push is None else str(push.given_up_rows),
        "" if push is None or push.oldest_at is None else iso_utc(push.oldest_at),
    )


def _plain(text: str) -> str:
    shown = shown_text(text)
    return f"'{shown}" if is_formula(text) or is_formula(shown) else shown
