"""What is left out of the stylesheet that every page waits for, and what never is."""

import pytest

from portal.trimmed_styles import trim_styles


@pytest.mark.parametrize(
    "kept",
    [
        ".ui-card{color:red}",
        ".rt-BaseDialogContent:where(.rt-r-size-2){padding:8px}",
        ".rt-DropdownMenuContent,.rt-BaseMenuContent{padding:4px}",
        ".rt-PopoverContent:where(.rt-r-size-2){padding:4px}",
        ".rt-reset:where(button){border:0}",
        '[data-accent-color="blue"]{color:var(--blue-9)}',
        "@media print{.ui-side{display:none}}",
        "@font-face{font-family:own;src:local(own)}",
        "@import url(own.css);",
        ".ui-link{--own-size:3px}",
    ],
)
def test_what_pages_show_stays(kept: str) -> None:
    assert trim_styles(kept, "") == kept


@pytest.mark.parametrize(
    "left_out",
    [
        ".rt-SliderRoot{height:8px}",
        ".rt-SwitchRoot:where(:hover),.rt-AvatarRoot{color:red}",
        ".md\\:rt-r-p-4{padding:4px}",
        "[data-accent-color=tomato]{color:red}",
        "@media (width>=520px){.xs\\:rt-r-m-1{margin:1px}}",
    ],
)
def test_what_no_page_shows_goes(left_out: str) -> None:
    assert trim_styles(left_out, "") == ""


def test_of_a_list_of_selectors_those_that_are_shown_stay() -> None:
    assert (
        trim_styles(".rt-SliderRoot,.rt-Heading:is(h1,h2){margin:0}", "") == ".rt-Heading:is(h1,h2){margin:0}"
    )


def test_a_step_of_colour_goes_with_the_last_that_used_it() -> None:
    steps = ":root{--red-9:#f00;--red-a3:#f001;--sky-9:var(--cyan-9);--cyan-9:#0ff;--ui-page:#fff}"
    used = ".ui-badge{color:var(--red-9)}"

    assert trim_styles(steps + used, "") == f":root{{--red-9:#f00;--ui-page:#fff}}{used}"
    assert "--red-a3" in trim_styles(steps, "background:var(--red-a3)")


@pytest.mark.parametrize("broken", [".ui-card{color:red", ".ui-card"])
def test_a_stylesheet_that_is_cut_off_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="stylesheet"):
        trim_styles(broken, "")
