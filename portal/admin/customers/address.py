"""The list of customers in the address of its page: `/customers?q=cold&show=late&sort=-today&page=2`."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from portal.admin.nav import CUSTOMERS
from portal.core.fleet.rules.customer_lists import FILTERS, CustomerOrder, CustomersAsked

# Where the most is what one looks for.
_FROM_ABOVE = frozenset(
    (CustomerOrder.SITES, CustomerOrder.METERS, CustomerOrder.TODAY, CustomerOrder.ISSUED, CustomerOrder.SEEN)
)
_LONGEST = 100


def asked_in(query: Mapping[str, str]) -> CustomersAsked:
    """What an address asks of the list; what it does not know it leaves out."""
    sort, page = query.get("sort", ""), query.get("page", "")
    order = sort.removeprefix("-")
    shown = query.get("show", "")
    is_known = order in set(CustomerOrder)
    return CustomersAsked(
        search=query.get("q", "")[:_LONGEST],
        shown=shown if shown in FILTERS else "",
        order=CustomerOrder(order) if is_known else CustomerOrder.TROUBLE,
        is_descending=is_known and sort.startswith("-"),
        page=max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def address_of(asked: CustomersAsked) -> str:
    """The address of what is asked; what is as it is by itself is left out."""
    sort = ("-" if asked.is_descending else "") + asked.order
    given = {
        "q": asked.search,
        "show": asked.shown,
        "sort": "" if sort == CustomerOrder.TROUBLE else sort,
        "page": str(asked.page) if asked.page > 1 else "",
    }
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{CUSTOMERS}?{query}" if query else CUSTOMERS


def file_of(asked: CustomersAsked) -> str:
    """The address of the list as a file: all pages of it."""
    return address_of(replace(asked, page=1)).replace(CUSTOMERS, "/download/customers.csv", 1)


def ordered_by(asked: CustomersAsked, order: str) -> CustomersAsked:
    """The same in another order, from its first page: the other way round where it is in that order already."""
    if order not in set(CustomerOrder):
        return asked
    chosen = CustomerOrder(order)
    is_descending = not asked.is_descending if chosen is asked.order else chosen in _FROM_ABOVE
    return replace(asked, order=chosen, is_descending=is_descending, page=1)
