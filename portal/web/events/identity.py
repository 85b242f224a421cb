"""Who the tab belongs to, as far as the page shows it. Never asked when access is decided."""

import reflex as rx

from portal.core.access import Actor, Role


class IdentityState(rx.State):
    """What a page may show about the person signed in; written by the session middleware alone."""

    email: str = ""
    is_admin: bool = False
    _session: str = ""

    def _show(self, actor: Actor | None, session: str) -> None:
        self._session = session
        self.email = actor.email if actor else ""
        self.is_admin = actor is not None and actor.role is Role.ADMIN
