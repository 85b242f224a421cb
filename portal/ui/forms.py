"""Buttons, fields and dialogs."""

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from portal.core.languages import tr
from portal.ui.focus import ReturnFocus
from portal.ui.vars import Shown, Text, Told

Kind = Literal["button", "submit"]
Typed = Literal["text", "email", "password", "number", "date", "time"]
Tone = Literal["normal", "primary", "danger", "quiet"]
Options = Shown[list[tuple[str, str]]] | Sequence[tuple[str, str]]

# Browsers offer the clipboard to pages over https and on localhost only; elsewhere the old way still works.
_COPY = """((event) => {
  const pressed = event.currentTarget, source = document.getElementById('%s');
  const done = () => {
    pressed.dataset.copied = 'true';
    setTimeout(() => delete pressed.dataset.copied, 2000);
  };
  const select = () => {
    getSelection().selectAllChildren(source);
    if (document.execCommand('copy')) done();
  };
  if (navigator.clipboard) navigator.clipboard.writeText(source.textContent).then(done, select);
  else select();
})"""


class NativeForm(BaseHTML):
    """A form the browser itself submits. Reflex's own form always prevents that, and signing in needs a new page."""

    tag = "form"

    action: rx.Var[str]
    method: rx.Var[str]


class UploadForm(NativeForm):
    """A form that sends a file, with `enc_type="multipart/form-data"`."""

    enc_type: rx.Var[str]


def button(
    *content: rx.Component | Text,
    tone: Tone = "normal",
    kind: Kind = "button",
    size: Literal["normal", "small", "wide"] = "normal",
    **props: Any,
) -> rx.Component:
    """A button with words; at most one `primary` on a page."""
    classes = ["ui-button"]
    classes += [f"ui-button--{tone}"] if tone != "normal" else []
    classes += [f"ui-button--{size}"] if size != "normal" else []
    return rx.el.button(*content, type=kind, class_name=" ".join(classes), **props)


def icon_button(*icons: rx.Component, label: Text, kind: Kind = "button", **props: Any) -> rx.Component:
    """A button that shows only an icon; `label` is its name for everybody who can't see it."""
    return rx.el.button(
        *icons, type=kind, aria_label=label, title=label, class_name="ui-icon-button", **props
    )


def text_field(
    label: Text,
    *,
    name: str,
    kind: Typed = "text",
    hint: Text | None = None,
    error: Text | None = None,
    **props: Any,
) -> rx.Component:
    """A labelled input. `error` may be a state var: empty means no error. The hint is read out with the field."""
    described = [f"{name}-{part}" for part, words in (("hint", hint), ("error", error)) if words is not None]
    attributes: dict[str, object] = dict(props.pop("custom_attrs", {}))
    if error is not None:
        attributes["aria-invalid"] = rx.cond(error != "", "true", "false")
    parts: list[rx.Component] = []
    parts += [
        rx.el.label(label, html_for=name),
        rx.el.input(
            id=name,
            name=name,
            type=kind,
            class_name="ui-input",
            aria_describedby=" ".join(described),
            custom_attrs=attributes,
            **props,
        ),
    ]
    if hint is not None:
        parts.append(rx.el.p(hint, id=f"{name}-hint", class_name="ui-hint"))
    if error is not None:
        shown = rx.el.p(error, id=f"{name}-error", role="alert", class_name="ui-field-error")
        parts.append(rx.cond(error != "", shown, rx.fragment()))
    return rx.el.div(*parts, class_name="ui-field")


def select_field(
    label: Text, *, name: str, options: Options, none: str | None = None, **props: Any
) -> rx.Component:
    """A labelled choice of (value, words), which may be those of a state; `none` are the words for nothing chosen."""
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.select(*_choices(options, none), id=name, name=name, class_name="ui-input", **props),
        class_name="ui-field",
    )


def _choices(options: Options, none: str | None) -> list[rx.Component]:
    nothing = [] if none is None else [rx.el.option(none, value="")]
    if isinstance(options, rx.Var):
        return [*nothing, rx.foreach(options, lambda each: rx.el.option(each[1], value=each[0]))]
    return [*nothing, *[rx.el.option(words, value=value) for value, words in options]]


def search_field(label: str, *, value: Text, on_change: Told[str], name: str = "search") -> rx.Component:
    """A search box that reports 250 ms after the last key."""
    return rx.el.div(
        rx.icon("search", size=16),
        rx.debounce_input(
            rx.el.input(
                id=name,
                type="search",
                placeholder=label,
                aria_label=label,
                value=value,
                on_change=on_change,
                class_name="ui-input",
            ),
            debounce_timeout=250,
        ),
        class_name="ui-search",
    )


def secret(value: Text, *, name: str = "secret", label: str = tr("Copy")) -> rx.Component:
    """A secret that is shown once, with a button that copies it."""
    return rx.el.div(
        rx.el.code(value, id=name),
        copy_button(name, label),
        class_name="ui-secret",
    )


def text_block(text: Text, *, name: str, label: str) -> rx.Component:
    """Lines as they are typed somewhere else; `name` is the id that a `copy_button` takes."""
    return rx.el.pre(text, id=name, tab_index=0, role="region", aria_label=label, class_name="ui-block")


def copy_button(name: str, label: str) -> rx.Component:
    """A button that copies the text of the element with this id, and says so for a moment."""
    return rx.el.button(
        rx.el.span(rx.icon("copy", size=15), label, class_name="ui-copy-before"),
        rx.el.span(rx.icon("check", size=15), tr("Copied"), class_name="ui-copy-after"),
        type="button",
        class_name="ui-button ui-button--small ui-copy",
        custom_attrs={"onClick": rx.Var(_COPY % name)},
    )


def dialog(
    title: Text,
    *content: rx.Component,
    is_open: Shown[bool],
    on_open_change: Told[bool],
    description: Text = "",
    is_alert: bool = False,
    width: str = "460px",
) -> rx.Component:
    """A modal dialog; leaving it calls `on_open_change(False)`.

    Escape and a click outside leave it. An alert stays open on a click outside: it asks for a decision, or shows
    what would be lost.
    """
    kind = rx.alert_dialog if is_alert else rx.dialog
    return kind.root(
        kind.content(
            ReturnFocus.create(),
            kind.title(title, class_name="ui-dialog-title"),
            kind.description(description, class_name="ui-dialog-text"),
            rx.el.div(*content, class_name="ui-stack"),
            max_width=width,
        ),
        open=is_open,
        on_open_change=on_open_change,
    )


def dialog_buttons(*buttons: rx.Component) -> rx.Component:
    """The row of buttons that ends a dialog."""
    return rx.el.div(
        *buttons, class_name="ui-row", style={"justify_content": "flex-end", "margin_top": "4px"}
    )
