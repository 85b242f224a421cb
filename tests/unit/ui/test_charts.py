"""Figures: plain data, tokens for colours, gaps kept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal.ui.charts import bar_figure, line_figure

COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|rgba?\(")
TRANSPARENT = "rgba(0,0,0,0)"
STYLES = Path(__file__).resolve().parents[3] / "portal/ui/styles"


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(part)


def figures() -> list[dict[str, Any]]:
    return [
        line_figure(["2026-05-18T10:00", "2026-05-18T10:05"], [1.0, None], name="Power", unit="kW"),
        bar_figure(["2026-05-18"], [56.0], name="Energy", unit="kWh", hover=["Mon 18 May"]),
    ]


def test_a_gap_stays_a_gap() -> None:
    [_, line] = line_figure(["a", "b", "c"], [1.0, None, 0.0], name="Power", unit="kW")["data"]
    assert line["y"] == [1.0, None, 0.0]
    assert line["connectgaps"] is False


def test_the_area_under_a_line_does_not_run_on_through_a_gap() -> None:
    [area, _] = line_figure(["a", "b", "c", "d"], [1.0, 2.0, None, 3.0], name="Power", unit="kW")["data"]
    assert list(zip(area["x"], area["y"], strict=True)) == [
        ("a", 0.0),
        ("a", 1.0),
        ("b", 2.0),
        ("b", 0.0),
        ("d", 0.0),
        ("d", 3.0),
        ("d", 0.0),
    ]


def test_figures_travel_as_json() -> None:
    for figure in figures():
        assert json.loads(json.dumps(figure)) == figure


def test_no_figure_brings_a_colour_of_its_own() -> None:
    own = {text for figure in figures() for text in texts(figure) if COLOUR.search(text)}
    assert own == {TRANSPARENT}


def test_every_token_a_figure_names_is_defined() -> None:
    defined = "".join(path.read_text(encoding="utf-8") for path in STYLES.glob("*.css"))
    named = {
        name
        for figure in figures()
        for text in texts(figure)
        for name in re.findall(r"var\((--ui-[\w-]+)\)", text)
    }
    assert named
    assert [name for name in sorted(named) if f"{name}:" not in defined] == []
