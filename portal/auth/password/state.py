"""State of the page that sets a password: only words, read from the address."""

import reflex as rx

from portal.auth.guards import public
from portal.core.languages import tr
from portal.core.words import noted

_FAILURES = {
    "link": noted("This link has been used or has expired. Ask an admin for a new one."),
    "poor": noted("The password has to be 10 to 512 characters long."),
}


class SetPasswordState(rx.State):
    """Why the last try did not work."""

    failure: str = ""

    @rx.event
    @public
    def load(self):
        """Read the reason from the address."""
        self.failure = tr(_FAILURES.get(self.router.url.query_parameters.get("problem", ""), ""))
