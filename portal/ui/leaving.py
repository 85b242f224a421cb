"""Asks before a page is left on which something would be lost."""

import reflex as rx

from portal.ui.linked import linked_script
from portal.ui.vars import Shown


class _LeaveGuard(rx.Component):
    library = linked_script(__file__, "leave_guard.jsx")
    tag = "LeaveGuard"

    active: rx.Var[bool]
    words: rx.Var[str]


def leave_guard(words: str, *, is_active: Shown[bool]) -> rx.Component:
    """Shows nothing; while active, a link or the end of the tab asks first, in these words."""
    return _LeaveGuard.create(active=is_active, words=words)
