"""What the Branding page is made of."""

import reflex as rx

from portal.core.languages import tr
from portal.features.settings.branding.state import BrandingState as State
from portal.features.settings.branding.view import Contrast
from portal.ui.cards import card
from portal.ui.feedback import badge, callout
from portal.ui.forms import NativeForm, UploadForm, button, select_field, text_field
from portal.ui.vars import Shown, Text, Told, sentence
from portal.web.events.drafts import kept_form

_SAMPLE = {
    "display": "inline-block",
    "padding": "2px 10px",
    "border_radius": "var(--ui-radius-small)",
    "font_weight": "500",
}


def messages() -> rx.Component:
    """What became of the last change."""
    return rx.fragment(
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(State.notice != "", callout(State.notice, tone="note"), rx.fragment()),
    )


def identity() -> rx.Component:
    """Name and colours."""
    kept = rx.el.div(kept_form(_form(), scope="brand", done=State.draft_done), class_name="ui-stack")
    return card(kept, title=tr("Name and colours"))


def _form() -> rx.Component:
    return rx.el.form(
        text_field(
            tr("Product name"),
            name="product_name",
            default_value=State.product_name,
            key=State.product_name,
            required=True,
            max_length=80,
            auto_complete="off",
        ),
        _color(
            tr("Primary colour"),
            "primary_color",
            State.primary_color,
            State.chosen_primary,
            State.choose_primary,
            tr("Buttons, links, marks."),
        ),
        _readings(tr("primary colour"), State.primary_contrast),
        _color(
            tr("Accent colour"),
            "accent_color",
            State.accent_color,
            State.chosen_accent,
            State.choose_accent,
            tr("The main line of charts."),
        ),
        _readings(tr("accent colour"), State.accent_contrast),
        _appearance(),
        rx.el.p(
            tr("Whoever has switched between light and dark keeps what they chose."), class_name="ui-hint"
        ),
        rx.el.div(button(tr("Save"), tone="primary", kind="submit")),
        on_submit=State.save,
        class_name="ui-stack",
    )


def _appearance() -> rx.Component:
    return select_field(
        tr("Pages start"),
        name="appearance",
        options=(("system", tr("As the visitor's device")), ("light", tr("Light")), ("dark", tr("Dark"))),
        default_value=State.appearance,
        key=State.appearance,
    )


def marks() -> rx.Component:
    """Logo and icon."""
    return card(
        rx.el.div(
            _mark(tr("Logo"), "logo", State.has_logo, tr("Beside the product's name.")),
            _mark(
                tr("Icon"), "icon", State.has_icon, tr("In the browser's tab; the logo where there is none.")
            ),
            class_name="ui-stack",
        ),
        title=tr("Logo and icon"),
    )


def _color(
    label: str,
    name: str,
    saved: Text,
    chosen: Text,
    on_change: Told[str],
    hint: str,
) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.div(
            rx.el.input(
                id=name,
                name=name,
                type="color",
                default_value=saved,
                key=saved,
                on_change=on_change.debounce(300),
                aria_describedby=f"{name}-hint",
                class_name="ui-color",
            ),
            rx.el.code(chosen, class_name="ui-mono"),
            class_name="ui-row",
        ),
        rx.el.p(hint, id=f"{name}-hint", class_name="ui-hint"),
        class_name="ui-field",
    )


def _readings(what: str, contrasts: Shown[list[Contrast]]) -> rx.Component:
    return rx.el.ul(
        rx.foreach(contrasts, _reading),
        aria_label=sentence("Contrast of the {what}", what=what),
        class_name="ui-contrasts",
    )


def _reading(line: Contrast) -> rx.Component:
    return rx.el.li(
        rx.el.span(line["where"], class_name="ui-soft"),
        rx.el.span(
            tr("Aa"), aria_hidden=True, style=_SAMPLE | {"background": line["shown"], "color": line["ink"]}
        ),
        rx.cond(line["is_enough"], badge(line["words"], "ok"), badge(line["words"], "warn")),
    )


_KINDS = tr(
    "PNG, JPEG or WebP, at most 512 KiB; SVG, at most 128 KiB, of which the drawing is kept and nothing else."
)


def _mark(label: str, kind: str, is_there: Shown[bool], hint: str) -> rx.Component:
    upload = UploadForm.create(
        rx.el.label(
            sentence("{label}: choose a file", label=label),
            html_for=f"{kind}-file",
            class_name="ui-visually-hidden",
        ),
        rx.el.input(
            id=f"{kind}-file",
            name="image",
            type="file",
            accept="image/png,image/jpeg,image/webp,image/svg+xml",
            required=True,
            class_name="ui-input",
        ),
        button(tr("Upload"), kind="submit"),
        action=f"/auth/brand/{kind}",
        method="post",
        enc_type="multipart/form-data",
        class_name="ui-row",
    )
    remove = NativeForm.create(
        button(tr("Remove"), kind="submit", size="small"), action=f"/auth/brand/{kind}/remove", method="post"
    )
    return rx.el.div(
        rx.el.div(
            rx.el.img(src=f"/brand/{kind}", alt="", class_name="ui-mark"),
            rx.el.div(rx.el.div(label, class_name="ui-label"), rx.el.p(hint, class_name="ui-hint")),
            rx.cond(is_there, remove, rx.fragment()),
            class_name="ui-row",
        ),
        upload,
        rx.el.p(
            _KINDS,
            class_name="ui-hint",
        ),
        class_name="ui-field",
    )
