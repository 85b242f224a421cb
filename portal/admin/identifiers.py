"""Ids as they come from an address or an event: believed only when they are one."""

from typing import TYPE_CHECKING
from uuid import UUID

import reflex as rx

from portal.core.errors import NotFound
from portal.core.languages import tr


class CustomerAddress(rx.State, mixin=True):
    """A state of a page whose address names a customer."""

    if TYPE_CHECKING:
        # Reflex gives it to every state with the route; declared in one, it would be another variable.
        customer_id: str

    _shown_id: str = ""

    def _start_over(self) -> None:
        """Forget what is shown where it is another customer's.

        The state belongs to the browser tab: without this one customer's name would stand over another's data.
        """
        if self._shown_id != self.customer_id:
            self.reset()
            self._shown_id = self.customer_id


def customer_uuid(text: str) -> UUID:
    """Read a customer's id. Raises NotFound for anything else: a wrong id and an unknown one are the same."""
    try:
        return UUID(text)
    except ValueError:
        message = tr("There is no such customer.")
        raise NotFound(message) from None


def view_path(customer_id: str) -> str:
    """The page with a customer's data as the customer sees it."""
    return f"/customers/{customer_id}/view"


def customer_path(state: CustomerAddress) -> str:
    """The page of a state's customer that is shown: its own, or its view."""
    path = view_path(state.customer_id)
    is_view = state.router.url.path.rstrip("/") == path
    return path if is_view else f"/customers/{state.customer_id}"
