"""State of the login page: only words, read from the address. The form itself is posted by the browser."""

from urllib.parse import urlencode

import reflex as rx

from portal.auth.guards import public
from portal.auth.login import view
from portal.core.stack import current
from portal.web.http.origin import local_path


class LoginState(rx.State):
    """What the login page shows above its form, and where it leads."""

    failure: str = ""
    notice: str = ""
    onward: str = "/"
    single_sign_on: str = ""
    single_sign_on_href: str = ""

    @rx.event
    @public
    def load(self):
        """Read the reason for being here from the address."""
        query = self.router.url.query_parameters
        self.failure = view.failure(query)
        self.notice = view.notice(query)
        self.onward = local_path(query.get("next"))
        settings = current().settings.single_sign_on
        self.single_sign_on = settings.label if settings.issuer else ""
        self.single_sign_on_href = f"/auth/sso?{urlencode({'next': self.onward})}"
