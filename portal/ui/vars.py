"""What stands on a page: values, and the fields of states that hold them.

A field of a state says what it is in a handler: `rows: list[Row]`. Read from the class of the state, on a page, it is
a Reflex variable of that, and the type checker only knows the first. So whatever shows something takes `Shown[..]`, a
value or a variable; a row that is drawn for each element of a list is written as the element; and what only variables
can do is a function here.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar, cast

import reflex as rx
from reflex.event import EventCallback, EventType
from reflex.vars import ArrayVar
from reflex.vars.function import FunctionStringVar
from reflex.vars.number import NumberVar

from portal.core.languages import tr

_FILL: Final = FunctionStringVar.create(
    r"((pattern, values) => pattern.replace(/\{(\w+)\}/g, (name, key) => values[key] ?? ''))"
)
T = TypeVar("T")
Shown = T | rx.Var[T]
Text = Shown[str]

# What happens at a click: a handler, bound to its values, or several of them.
Click = EventType[()]
# What happens when something was typed or chosen: a handler of the text, bound to whatever comes before it.
Change = EventType[str]
# What happens when a form is sent: a handler of its boxes by name.
Submit = EventType[dict[str, Any]]
# A handler that is told one value by the browser.
Told = EventCallback[T] | rx.EventHandler


def size(things: Shown[list[Any]] | Shown[Sequence[Any]]) -> NumberVar[int]:
    """How many elements a list of the state has."""
    return rx.Var.create(things).to(ArrayVar).length()


def is_some(things: Shown[list[Any]] | Shown[Sequence[Any]]) -> rx.Var[bool]:
    """Whether a list of the state has any element."""
    return size(things) > 0


def script_locale() -> str:
    """The locale by which scripts of a page name days and months: a word of its language, as far as they know."""
    return tr("en-GB")


def sentence(pattern: str, /, **values: Any) -> str:
    """A sentence in the language of the page, with values or variables where its pattern names them.

    As a text to whoever shows it: with variables it is one of their kind, filled in by the browser.
    """
    if not any(isinstance(value, rx.Var) for value in values.values()):
        return tr(pattern, **values)
    return cast("str", _FILL.call(tr(pattern), rx.Var.create(values)).to(str))
