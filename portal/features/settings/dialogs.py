"""Dialogs of a list: which one is open and for what, why it failed, and a secret that is shown once.

A state that has such dialogs is an `AdminDialogs` or an `OwnDialogs`; the components here show what it holds. What is
typed into the form of an `AdminDialogs` is kept as a draft under the name of its page; `dialog_drafts` opens it again.
"""

from secrets import token_hex

import reflex as rx

from portal.auth.guards import admin_only, signed_in
from portal.core.languages import tr
from portal.ui.feedback import callout
from portal.ui.forms import Tone, button, dialog, dialog_buttons, secret
from portal.ui.vars import Click, Submit, Text, sentence
from portal.web.events.drafts import draft_finder, kept_form

_LONGEST = 500


class Dialogs(rx.State, mixin=True):
    """What the dialogs show. `secret` is what was just issued: it is forgotten when its dialog is left.

    `draft_done` is another one each time a form was saved or left. `is_leaving` asks before a secret is gone.
    """

    opened: str = ""
    chosen_id: str = ""
    chosen_name: str = ""
    failure: str = ""
    secret: str = ""
    draft_done: str = ""
    is_leaving: bool = False

    def _choose(self, which: str, chosen_id: str, name: str) -> None:
        done = self.draft_done
        self._forget()
        self.opened, self.chosen_id, self.chosen_name = which, chosen_id[:_LONGEST], name[:_LONGEST]
        self.draft_done = done

    def _show_once(self, secret: str, name: str) -> None:
        self.opened, self.secret, self.chosen_name = "issued", secret, name
        self.is_leaving, self.draft_done = False, token_hex(8)

    def _forget(self) -> None:
        # The name stays: the dialog still shows it while it fades out.
        self.opened = self.failure = self.secret = ""
        self.draft_done = token_hex(8)


class AdminDialogs(Dialogs, mixin=True):
    """Dialogs of a page for admins."""

    @rx.event
    @admin_only
    def open_dialog(self, which: str, chosen_id: str, name: str) -> None:
        """Open a dialog for one thing of the list, or for none."""
        self._choose(which, chosen_id, name)

    @rx.event
    @admin_only
    def close(self, is_open: bool) -> None:
        """Close whatever is open and forget the secret: it can't be shown again."""
        if not is_open:
            self._forget()

    @rx.event
    @admin_only
    def leave(self, is_open: bool) -> None:
        """Ask before what is shown once is gone."""
        self.is_leaving = not is_open


class OwnDialogs(Dialogs, mixin=True):
    """Dialogs of a page everybody has for themselves."""

    @rx.event
    @signed_in
    def open_dialog(self, which: str) -> None:
        """Open a dialog."""
        self._choose(which, "", "")

    @rx.event
    @signed_in
    def close(self, is_open: bool) -> None:
        """Close whatever is open and forget the secret: it can't be shown again."""
        if not is_open:
            self._forget()

    @rx.event
    @signed_in
    def leave(self, is_open: bool) -> None:
        """Ask before what is shown once is gone."""
        self.is_leaving = not is_open


# One class would be one set of handlers, and those of an admin have another guard.
AnyDialogs = type[AdminDialogs] | type[OwnDialogs]


def failure(state: AnyDialogs) -> rx.Component:
    """Why the open dialog could not do what it was asked."""
    return rx.cond(state.failure != "", callout(state.failure, tone="fail"), rx.fragment())


def page_failure(state: AnyDialogs) -> rx.Component:
    """Why the page itself could not be shown; a dialog that is open says its own."""
    failed = (state.failure != "") & (state.opened == "")
    return rx.cond(failed, callout(state.failure, tone="fail"), rx.fragment())


def form_dialog(
    state: AnyDialogs,
    which: str,
    title: Text,
    *fields: rx.Component,
    on_submit: Submit,
    submit: Text,
    description: Text,
    draft: str = "",
) -> rx.Component:
    """A dialog with a form; `draft` is the name under which what is typed is kept, as passwords and codes never are."""
    form = rx.el.form(
        *fields,
        dialog_buttons(_cancel(state), button(submit, tone="primary", kind="submit")),
        on_submit=on_submit,
        class_name="ui-stack",
    )
    opening = (state.opened, state.chosen_id, state.chosen_name)
    return dialog(
        title,
        failure(state),
        kept_form(form, scope=draft, done=state.draft_done, opening=opening) if draft else form,
        description=description,
        is_open=state.opened == which,
        on_open_change=state.close,
    )


def dialog_drafts(state: type[AdminDialogs], page: str) -> rx.Component:
    """Opens the dialog again whose draft was kept under the page's name; shows nothing."""
    return draft_finder(
        scope=page, done=state.draft_done, is_shown=state.opened != "", on_open=state.open_dialog
    )


def question(
    state: AnyDialogs,
    which: str,
    title: Text,
    *,
    consequence: Text,
    label: str,
    on_yes: Click,
    tone: Tone = "primary",
) -> rx.Component:
    """A dialog that asks for a decision and says what follows from it."""
    return dialog(
        title,
        failure(state),
        dialog_buttons(_cancel(state), button(label, tone=tone, on_click=on_yes)),
        description=consequence,
        is_open=state.opened == which,
        on_open_change=state.close,
        is_alert=True,
    )


def question_about(
    state: AnyDialogs, which: str, name: Text, words: tuple[str, str, str], *, on_yes: Click, tone: Tone
) -> rx.Component:
    """A question about what is named; `words` are the title with {name} in it, the button, and what follows."""
    title, label, consequence = words
    return question(
        state,
        which,
        sentence(title, name=name),
        consequence=consequence,
        label=label,
        on_yes=on_yes,
        tone=tone,
    )


def shown_once(
    state: AnyDialogs, title: Text, *more: rx.Component, name: str, warning: Text, description: Text
) -> rx.Component:
    """The dialog that shows what was just issued, the one time it can be seen: Escape asks, and does not close it."""
    asked = rx.el.div(
        callout(tr("Have you copied it? It cannot be shown again.")),
        dialog_buttons(
            button(tr("Keep it open"), on_click=state.leave(True), auto_focus=True),
            button(tr("Close, I have it"), tone="danger", on_click=state.close(False)),
        ),
        class_name="ui-stack",
    )
    return dialog(
        title,
        secret(state.secret, name=name, label=tr("Copy")),
        callout(warning),
        *more,
        rx.cond(
            state.is_leaving,
            asked,
            dialog_buttons(button(tr("Done"), tone="primary", on_click=state.close(False))),
        ),
        description=description,
        is_open=state.opened == "issued",
        on_open_change=state.leave,
        is_alert=True,
    )


def _cancel(state: AnyDialogs) -> rx.Component:
    return button(tr("Cancel"), on_click=state.close(False))
