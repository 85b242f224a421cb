"""Draws a part of the data model as an SVG that is read on a light and on a dark page."""

from html import escape

from tests.documents.data_model.layout import (
    HEAD,
    LANE_WIDTH,
    MARGIN,
    PAD,
    TRUNK,
    WIDTH,
    Box,
    Line,
    Strip,
    plan,
)
from tests.documents.data_model.sections import Part

_LIGHT = {
    "page": "#ffffff",
    "lane": "#f3f5f8",
    "box": "#ffffff",
    "head": "#dfe8f5",
    "edge": "#aeb9c8",
    "text": "#18202c",
    "soft": "#536072",
    "line": "#3b66a0",
}
_DARK = {
    "page": "#12161d",
    "lane": "#1a202a",
    "box": "#232b38",
    "head": "#2f3e57",
    "edge": "#4a576a",
    "text": "#e8ecf2",
    "soft": "#a3afc0",
    "line": "#8db4ea",
}
_SHAPES = """text { font: 12px system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: var(--text) }
.title { font-size: 13px; font-weight: 600; fill: var(--soft) }
.title { paint-order: stroke; stroke: var(--lane); stroke-width: 6px }
.name { font-weight: 600 }
.soft { fill: var(--soft) }
.end { text-anchor: end; font-size: 11px }
.page { fill: var(--page) }
.lane { fill: var(--lane) }
.box { fill: var(--box); stroke: var(--edge) }
.head { fill: var(--head) }
.line { fill: none; stroke: var(--line); stroke-width: 1.5; stroke-linejoin: round }
.maybe { stroke-dasharray: 5 3 }
.tip { fill: var(--line) }"""


def drawn(part: Part) -> str:
    """Return the picture of a part."""
    laid = plan(part)
    width, height = laid.width, laid.height
    names = ", ".join(table.name for lane in part.lanes for table in lane.tables)
    size = f'width="{width:g}" height="{height:g}"'
    dark = f"@media (prefers-color-scheme: dark) {{ {_colours(_DARK)} }}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width:g} {height:g}" role="img">',
            f"<title>{escape(part.title)}: tables, keys and references</title>",
            f"<desc>{names}</desc>",
            f"<style>\n{_colours(_LIGHT)}\n{dark}\n{_SHAPES}\n</style>",
            f'<rect class="page" {size} rx="8"/>',
            *(_lane(strip) for strip in laid.strips),
            *(_line(line) for line in laid.lines),
            *(_title(strip) for strip in laid.strips),
            *(_box(box) for strip in laid.strips for box in strip.boxes),
            "</svg>\n",
        ]
    )


def _colours(palette: dict[str, str]) -> str:
    return "svg { " + "; ".join(f"--{name}: {colour}" for name, colour in palette.items()) + " }"


def _lane(strip: Strip) -> str:
    size = f'width="{LANE_WIDTH:g}" height="{strip.height:g}"'
    return f'<rect class="lane" x="{MARGIN + TRUNK:g}" y="{strip.y:g}" {size} rx="6"/>'


def _title(strip: Strip) -> str:
    return (
        f'<text class="title" x="{MARGIN + TRUNK + PAD:g}" y="{strip.y + 20:g}">{escape(strip.title)}</text>'
    )


def _line(line: Line) -> str:
    points, is_dashed = line
    way = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    end_x, end_y = points[-1]
    dashes = " maybe" if is_dashed else ""
    tip = f'<path class="tip" d="M{end_x:g} {end_y:g}l7 -4v8z"/>'
    return f'<path class="line{dashes}" d="{way}"/>{tip}'


def _box(box: Box) -> str:
    x, y, right = box.x, box.y, box.x + WIDTH - 9
    schema, _, name = box.table.name.rpartition(".")
    keys = {column.name for column in box.table.columns if column.is_key}
    shown = [
        f'<rect class="box" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{box.height:g}" rx="4"/>',
        f'<path class="head" d="M{x + 0.5:g} {y + HEAD:g}v{4 - HEAD:g}q0 -3.5 3.5 -3.5h{WIDTH - 8:g}',
        f'q3.5 0 3.5 3.5v{HEAD - 4:g}z"/>',
        f'<text class="name" x="{x + 9:g}" y="{y + 17:g}">{escape(name)}</text>',
        f'<text class="soft end" x="{right:g}" y="{y + 17:g}">{escape(schema)}</text>',
    ]
    for row in box.rows:
        line = box.middle(row) + 4
        shown.append(f'<text x="{x + 9:g}" y="{line:g}">{escape(row)}</text>')
        if row in keys:
            shown.append(f'<text class="soft end" x="{right:g}" y="{line:g}">key</text>')
    if box.rest:
        shown.append(f'<text class="soft" x="{x + 9:g}" y="{y + box.height - 9:g}">{box.rest}</text>')
    return "".join(shown)
