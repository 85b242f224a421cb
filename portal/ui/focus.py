"""Where the keyboard is when something opens in front of a page or beside it, and when that is gone again."""

import reflex as rx

from portal.ui.linked import linked_script

_JSX = linked_script(__file__, "focus.jsx")


class ReturnFocus(rx.Component):
    """Stands in a dialog; the focus goes back to what opened it."""

    library = _JSX
    tag = "ReturnFocus"


class PanelFocus(rx.Component):
    """Stands first in a panel, which has the focus while nothing in it has; `at` names what the panel shows."""

    library = _JSX
    tag = "PanelFocus"

    at: rx.Var[str]
