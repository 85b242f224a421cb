"""State of the page that sets a password: only words, read from the address."""

import reflex as rx

from portal.auth.guards import public

_FAILURES = {
    "link": "This link has been used or has expired. Ask an admin for a new one.",
    "poor": "The password has to be 10 to 512 characters long.",
}


class SetPasswordState(rx.State):
    """Why the last try did not work."""

    failure: str = ""

    @rx.event
    @public
    def load(self):
        """Read the reason from the address."""
        self.failure = _FAILURES.get(self.router.url.query_parameters.get("problem", ""), "")
