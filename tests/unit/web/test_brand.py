"""The brand's stylesheet: readable whatever the colour, harmless whatever the name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.brand.service import Brand
from portal.web.brand.branding import stylesheet
from portal.web.brand.palette import contrast, declarations, parse, scale

_COLOURS = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


@given(_COLOURS, st.booleans())
def test_text_is_readable_on_every_brand(colour: str, dark: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
    steps, on_solid = scale(colour, dark=dark)
    assert contrast(parse(on_solid), parse(steps[8])) >= 4.5
    for text in steps[10:]:
        for fill in steps[:5]:
            assert contrast(parse(text), parse(fill)) >= 4.5


@given(_COLOURS)
def test_a_scale_names_every_step_once_with_its_soft_twin(colour: str) -> None:
    names = [part.split(":")[0] for part in declarations(colour, "blue", dark=False).split(";")]
    assert len(names) == len(set(names)) == 28
    assert {f"--blue-{n}" for n in range(1, 13)} | {f"--blue-a{n}" for n in range(1, 13)} < set(names)


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast(parse("#000000"), parse("#ffffff")) == pytest.approx(21)
    assert contrast(parse("#777777"), parse("#ffffff")) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("colour", ["red", "1f5fd6", "#1f5fd", "#1f5fd6ff", "#1f5fdg"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match=r"colour|invalid literal"):
        parse(colour)


@pytest.mark.parametrize("name", ['Acme"}body{display:none', "</style><script>", "a\\22 ;}", "Söhne & Co\n"])
def test_a_name_cannot_leave_its_string(name: str) -> None:
    brand = Brand(name, "#1f5fd6", "#1f5fd6", "dark", has_logo=False, has_icon=False, version="v1")
    inside = stylesheet(brand).removeprefix(':root{--brand-name:"').split('";--brand-version', 1)[0]
    assert not set(inside) & set('"<>{};\n')
