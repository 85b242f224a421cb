"""State of the login page: only words, read from the address. The form itself is posted by the browser."""

import reflex as rx

from portal.auth.guards import public
from portal.auth.login import view
from portal.web.http.origin import local_path


class LoginState(rx.State):
    """What the login page shows above its form, and where it leads."""

    failure: str = ""
    notice: str = ""
    onward: str = "/"

    @rx.event
    @public
    def load(self):
        """Read the reason for being here from the address."""
        query = self.router.url.query_parameters
        self.failure = view.failure(query)
        self.notice = view.notice(query)
        self.onward = local_path(query.get("next"))
