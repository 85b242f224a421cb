"""The lines of the page of charts as one picture, to be kept or sent: SVG, on white, in the brand's accent."""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from portal.core.languages import tr
from portal.ui import formats
from portal.ui.plots import SIZE

Shape = dict[str, Any]

_WIDTH, _LEFT, _RIGHT = 1200, 76, 24
_PLOT = _WIDTH - _LEFT - _RIGHT
_HEAD, _TITLE, _SPACE, _FOOT = 64, 30, 14, 66
_HUES = {"2": "#3f8a6d", "3": "#8b93a1", "4": "#16191f", "was": "#8b93a1"}
_TEXT, _SOFT, _GRID = "#16191f", "#5a616d", "#e9ecf0"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
_HATCH = (
    '<defs><pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<path d="M0 0V6" stroke="{_SOFT}" stroke-opacity=".5" stroke-width="1.4"/></pattern></defs>'
)


def picture(drawn: Shape, title: str, subtitle: str, accent: str) -> bytes:
    """The picture of all charts, with what they are of above them and gaps and late readings named below."""
    heights = [int(chart["height"].removesuffix("px")) for chart in drawn["charts"]]
    height = _HEAD + sum(each + _TITLE + _SPACE for each in heights) + _FOOT
    parts = [
        _head(height),
        _HATCH,
        '<rect width="100%" height="100%" fill="#fff"/>',
        _text(24, 30, title, size=18, weight=600),
        _text(24, 50, subtitle, fill=_SOFT),
    ]
    top = _HEAD
    for chart, each in zip(drawn["charts"], heights, strict=True):
        parts += _chart(chart, drawn, top + _TITLE, each, accent)
        top += each + _TITLE + _SPACE
    parts += [
        _text(_LEFT + tick["at"] * _PLOT, top + 6, tick["text"], fill=_SOFT, anchor="middle")
        for tick in drawn["ticks"]
    ]
    words = ". ".join(
        filter(None, (drawn["gap_words"], drawn["late_words"], tr("Times in {zone}", zone=drawn["zone"])))
    )
    parts += [_text(_LEFT, top + 36, words, fill=_SOFT), "</svg>"]
    return "".join(parts).encode()


def _head(height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family={quoteattr(_FONT)} font-size="12">'
    )


def _chart(chart: Shape, drawn: Shape, top: int, height: int, accent: str) -> list[str]:
    parts = [_text(24, top - 12, chart["title"], size=13, weight=600)]
    at = _WIDTH - _RIGHT
    for line in reversed(chart["lines"]):
        last = (
            f"{line['name']} {formats.number(line['v'][-1], chart['decimals'])} {chart['unit']}"
            if line["v"]
            else ""
        )
        parts.append(_text(at, top - 12, last, fill=_hue(line, accent), anchor="end"))
        at -= 8 * len(last) + 16
    for tick in chart["ticks"]:
        y = top + (1 - tick["at"]) * height
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        parts.append(_text(_LEFT - 8, y + 4, tick["text"], fill=_SOFT, anchor="end"))
    parts += [
        f'<rect x="{_LEFT + first * _PLOT:.1f}" y="{top}" width="{(last - first) * _PLOT:.1f}" height="{height}" '
        'fill="url(#gap)"/>'
        for first, last in drawn["gaps"]
    ]
    stretched = f'transform="translate({_LEFT} {top}) scale({_PLOT / SIZE} {height / SIZE})"'
    for line in chart["lines"]:
        hue = _hue(line, accent)
        parts.append(f'<path {stretched} d="{line["band"]}" fill="{hue}" opacity=".14"/>')
        parts.append(
            f'<path {stretched} d="{line["path"]}" fill="none" stroke="{hue}" stroke-width="1.6" '
            'stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
        )
    parts += [
        f'<path d="M{_LEFT + first * _PLOT:.1f} {top + height - 1.5}H{_LEFT + last * _PLOT:.1f}" stroke="{_SOFT}" '
        'stroke-width="3" stroke-dasharray="2 3"/>'
        for first, last in drawn["late"]
    ]
    return parts


def _hue(line: Shape, accent: str) -> str:
    return _HUES.get(line["tone"], accent)


def _text(
    x: float,
    y: float,
    words: str,
    *,
    fill: str = _TEXT,
    size: int = 12,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )
