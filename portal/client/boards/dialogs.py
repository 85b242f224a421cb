"""The dialogs of boards and firmware."""

import reflex as rx

from portal.client.boards.dialog_state import BoardDialogs, FirmwareDialogs
from portal.client.boards.forms import AS_MADE, AS_NOW, EVERYTHING, BoardBoxes
from portal.core.boards.rules.board_settings import BOUNDS
from portal.features.settings.dialogs import dialog_drafts, form_dialog, question_about
from portal.ui.forms import select_field, text_field
from portal.ui.vars import Text

_DRAFT = "boards"
_DIGITS = {"inputMode": "numeric"}
_REMOVE = ("Delete release {}?", "Delete", "It is offered to nobody any more. Boards that run it go on.")


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
        f"Board of {state.chosen_name}",
        _number("Reads the meter every, seconds", "period", boxes.period, _bounds("periodSeconds")),
        _number("Sends what it has every, seconds", "every", boxes.every, _bounds("everySeconds")),
        _quantities(boxes),
        _number("Address of the meter on the line", "address", boxes.address, _bounds("meterAddress")),
        text_field(
            "Transformer ratios: PT1, PT2, CT1, CT2",
            name="ratios",
            default_value=boxes.ratios,
            placeholder="400 400 200 5",
            hint="In place of those that stand in the meter. Empty: the meter's.",
            auto_complete="off",
        ),
        text_field(
            "Registers of its serial number",
            name="serial",
            default_value=boxes.serial,
            placeholder="61184 2",
            hint="The first, and how many. Empty: as the board was made.",
            auto_complete="off",
        ),
        on_submit=state.save_settings,
        submit="Save",
        description="The board fetches them after its next post and starts again with them. What is empty is as it was "
        "made.",
        draft=_DRAFT,
    )


def _quantities(boxes: BoardBoxes) -> rx.Component:
    made = rx.el.option("As it was made", value=AS_MADE)
    everything = rx.el.option("Every quantity", value=EVERYTHING)
    chosen = rx.cond(boxes.chosen_words != "", rx.el.option(boxes.chosen_words, value=AS_NOW), rx.fragment())
    return rx.el.div(
        rx.el.label("What it sends", html_for="quantities"),
        rx.el.select(
            made,
            everything,
            chosen,
            id="quantities",
            name="quantities",
            default_value=boxes.quantities,
            class_name="ui-input",
        ),
        rx.el.p("All of them take two and a half times the data of the usual eight.", class_name="ui-hint"),
        class_name="ui-field",
    )


def _release(state: type[BoardDialogs]) -> rx.Component:
    return form_dialog(
        state,
        "release",
        f"Firmware of {state.chosen_name}",
        select_field(
            "It is to run",
            name="release",
            options=state.choices,
            none="Whichever is rolled out to it",
            default_value=state.boxes.pinned,
        ),
        on_submit=state.save_release,
        submit="Save",
        description="One release, also an earlier one, whatever is rolled out. One that it could not run it does not "
        "try again.",
        draft=_DRAFT,
    )


def _roll_out() -> rx.Component:
    return form_dialog(
        FirmwareDialogs,
        "roll-out",
        f"Roll out {FirmwareDialogs.chosen_name}",
        _number("Of a hundred boards, to how many", "percent", FirmwareDialogs.percent, "From 0 to 100."),
        on_submit=FirmwareDialogs.roll_out,
        submit="Roll out",
        description="Chance says which boards, and those that have it keep it when there are more. A board takes it "
        "after its next post, and goes back by itself where it does not work.",
        draft=_DRAFT,
    )


def _number(label: str, name: str, value: Text, hint: str) -> rx.Component:
    return text_field(
        label, name=name, default_value=value, hint=hint, custom_attrs=_DIGITS, auto_complete="off"
    )


def _bounds(name: str) -> str:
    low, high = BOUNDS[name]
    return f"From {low} to {high:,}. Empty: as it was made.".replace(",", " ")
