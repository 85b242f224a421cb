"""The dialogs of boards and firmware."""

import reflex as rx

from portal.client.boards.dialog_state import BoardDialogs, FirmwareDialogs
from portal.client.boards.forms import AS_MADE, AS_NOW, EVERYTHING, BoardBoxes
from portal.core.boards.rules.board_settings import BOUNDS
from portal.core.languages import tr
from portal.core.words import noted
from portal.features.settings.dialogs import dialog_drafts, form_dialog, question_about
from portal.ui.forms import select_field, text_field
from portal.ui.vars import Text, sentence

_DRAFT = "boards"
_DIGITS = {"inputMode": "numeric"}
_REMOVE = (
    noted("Delete release {name}?"),
    tr("Delete"),
    tr("It is offered to nobody any more. Boards that run it go on."),
)


def board_dialogs(state: type[BoardDialogs]) -> rx.Component:
    """Those of one board; the state says which one is open."""
    return rx.fragment(dialog_drafts(state, _DRAFT), _settings(state), _release(state))


def release_dialogs() -> rx.Component:
    """Those of one release."""
    return rx.fragment(
        _roll_out(),
        question_about(
            FirmwareDialogs,
            "remove",
            FirmwareDialogs.chosen_id,
            _REMOVE,
            on_yes=FirmwareDialogs.remove,
            tone="danger",
        ),
    )


def _settings(state: type[BoardDialogs]) -> rx.Component:
    boxes = state.boxes
    return form_dialog(
        state,
        "settings",
        sentence("Board of {chosen_name}", chosen_name=state.chosen_name),
        _number(tr("Reads the meter every, seconds"), "period", boxes.period, _bounds("periodSeconds")),
        _number(tr("Sends what it has every, seconds"), "every", boxes.every, _bounds("everySeconds")),
        _quantities(boxes),
        _number(tr("Address of the meter on the line"), "address", boxes.address, _bounds("meterAddress")),
        text_field(
            tr("Transformer ratios: PT1, PT2, CT1, CT2"),
            name="ratios",
            default_value=boxes.ratios,
            placeholder="400 400 200 5",
            hint=tr("In place of those that stand in the meter. Empty: the meter's."),
            auto_complete="off",
        ),
        text_field(
            tr("Registers of its serial number"),
            name="serial",
            default_value=boxes.serial,
            placeholder="61184 2",
            hint=tr("The first, and how many. Empty: as the board was made."),
            auto_complete="off",
        ),
        on_submit=state.save_settings,
        submit=tr("Save"),
        description=tr(
            "The board fetches them after its next post and starts again with them. What is empty "
            "is as it was made."
        ),
        draft=_DRAFT,
    )


def _quantities(boxes: BoardBoxes) -> rx.Component:
    made = rx.el.option(tr("As it was made"), value=AS_MADE)
    everything = rx.el.option(tr("Every quantity"), value=EVERYTHING)
    chosen = rx.cond(boxes.chosen_words != "", rx.el.option(boxes.chosen_words, value=AS_NOW), rx.fragment())
    return rx.el.div(
        rx.el.label(tr("What it sends"), html_for="quantities"),
        rx.el.select(
            made,
            everything,
            chosen,
            id="quantities",
            name="quantities",
            default_value=boxes.quantities,
            class_name="ui-input",
        ),
        rx.el.p(
            tr("All of them take two and a half times the data of the usual eight."), class_name="ui-hint"
        ),
        class_name="ui-field",
    )


def _release(state: type[BoardDialogs]) -> rx.Component:
    return form_dialog(
        state,
        "release",
        sentence("Firmware of {chosen_name}", chosen_name=state.chosen_name),
        select_field(
            tr("It is to run"),
            name="release",
            options=state.choices,
            none=tr("Whichever is rolled out to it"),
            default_value=state.boxes.pinned,
        ),
        on_submit=state.save_release,
        submit=tr("Save"),
        description=tr(
            "One release, also an earlier one, whatever is rolled out. One that it could not run "
            "it does not try again."
        ),
        draft=_DRAFT,
    )


def _roll_out() -> rx.Component:
    return form_dialog(
        FirmwareDialogs,
        "roll-out",
        sentence("Roll out {chosen_name}", chosen_name=FirmwareDialogs.chosen_name),
        _number(
            tr("Of a hundred boards, to how many"), "percent", FirmwareDialogs.percent, tr("From 0 to 100.")
        ),
        on_submit=FirmwareDialogs.roll_out,
        submit=tr("Roll out"),
        description=tr(
            "Chance says which boards, and those that have it keep it when there are more. A board "
            "takes it after its next post, and goes back by itself where it does not work."
        ),
        draft=_DRAFT,
    )


def _number(label: str, name: str, value: Text, hint: str) -> rx.Component:
    return text_field(
        label, name=name, default_value=value, hint=hint, custom_attrs=_DIGITS, auto_complete="off"
    )


def _bounds(name: str) -> str:
    low, high = BOUNDS[name]
    return sentence("From {low} to {high}. Empty: as it was made.", low=low, high=f"{high:,}").replace(
        ",", " "
    )
