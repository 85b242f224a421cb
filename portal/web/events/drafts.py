"""What is typed into a form outlives a cut line, a reload and a restart of the server.

The boxes of a form are kept in the browser tab's own storage while they hold anything that is not saved, never those
of passwords and codes. They are put back when the page comes back to life, for the same person and the same thing only,
and the person is told. What is kept goes when the form is saved or left, and when its owner signs out. On the way back
it is input like any other: it goes into boxes and is judged when it is saved.
"""

from typing import Any

import reflex as rx
from reflex.event import EventCallback

from portal.core.languages import tr
from portal.core.words import noted
from portal.ui.forms import button
from portal.ui.linked import linked_script
from portal.ui.vars import Click, Shown, Text, sentence
from portal.web.events.identity import IdentityState

_JSX = linked_script(__file__, "drafts.jsx")
RESTORED = noted("Restored: what you had typed here and not saved.")
CHANGED_SINCE = noted("It has been changed by somebody since you began")
CHANGED = sentence(
    "{restored} {changed_since}: saving replaces that.",
    restored=tr(RESTORED),
    changed_since=tr(CHANGED_SINCE),
)
DISCARD = tr("Discard it")
Opening = tuple[Text, Text, Text]


def _opening(
    which: rx.Var[str], key: rx.Var[str], name: rx.Var[str]
) -> tuple[rx.Var[str], rx.Var[str], rx.Var[str]]:
    return which, key, name


def _found(boxes: rx.Var[dict[str, Any]], after: rx.Var[str]) -> tuple[rx.Var[dict[str, Any]], rx.Var[str]]:
    return boxes, after


class _KeptForm(rx.Component):
    library = _JSX
    tag = "KeptForm"

    scope: rx.Var[str]
    owner: rx.Var[str]
    opening: rx.Var[list[str]]
    done: rx.Var[str]
    ready: rx.Var[bool]
    held: rx.Var[bool]
    revision: rx.Var[Any]
    words: rx.Var[str]
    changed_words: rx.Var[str]
    discard_label: rx.Var[str]


class _DraftFinder(rx.Component):
    library = _JSX
    tag = "DraftFinder"

    scope: rx.Var[str]
    owner: rx.Var[str]
    done: rx.Var[str]
    ready: rx.Var[bool]
    shown: rx.Var[bool]
    on_open: rx.EventHandler[_opening]
    on_found: rx.EventHandler[_found]


class _NoDrafts(rx.Component):
    library = _JSX
    tag = "NoDrafts"


def kept_form(
    form: rx.Component,
    *,
    scope: str,
    done: Text,
    opening: Opening = ("", "", ""),
    revision: Shown[Any] = None,
) -> rx.Component:
    """A form whose draft is kept under a scope; its boxes have names and defaults, not values that follow the state.

    `done` changes when the form was saved or left. `opening` is what `draft_finder` opens it with again. With
    `revision` the server holds what stands in the form, and puts a draft back itself.
    """
    return _KeptForm.create(
        form,
        scope=scope,
        owner=IdentityState.email,
        opening=rx.Var.create(list(opening)),
        done=done,
        ready=rx.State.is_hydrated,
        held=revision is not None,
        revision="" if revision is None else revision,
        words=tr(RESTORED),
        changed_words=CHANGED,
        discard_label=DISCARD,
    )


def draft_finder(
    *, scope: str, done: Text, is_shown: Shown[bool], on_open: EventCallback[str, str, str]
) -> rx.Component:
    """Opens the form of a draft again: `on_open(which, key, name)` as they were given to `kept_form`."""
    return _DraftFinder.create(scope=scope, done=done, shown=is_shown, on_open=on_open, **_page())


def held_draft_finder(
    *, scope: str, done: Text, on_found: EventCallback[dict[str, Any], str]
) -> rx.Component:
    """Hands the boxes of a draft to the server, which holds the form: `on_found(boxes, after)`.

    `after` is what `done` was when the draft began: the form may have been saved while the draft was on its way.
    """
    return _DraftFinder.create(scope=scope, done=done, shown=False, on_found=on_found, **_page())


def restored_notice(words: Text, *, on_discard: Click) -> rx.Component:
    """Says that a held draft is back, with the way out; the others say it themselves."""
    return rx.el.div(
        rx.el.div(words),
        button(DISCARD, size="small", on_click=on_discard),
        role="status",
        class_name="ui-callout ui-callout--note ui-draft",
    )


def no_drafts() -> rx.Component:
    """Forgets the drafts of whoever has just signed out."""
    return _NoDrafts.create()


def _page() -> dict[str, Any]:
    return {"owner": IdentityState.email, "ready": rx.State.is_hydrated}
