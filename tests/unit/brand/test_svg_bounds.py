"""What a small SVG file can ask for: bytes, elements, references, and steps of whoever reads it."""

import time

import pytest

from portal.core.brand.rules.svg import MAX_BYTES, MOST_WRITTEN, sanitised


def _svg(body: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg">{body}<path d="M1 1L8 8"/></svg>'.encode()


def _filled(shape: str, size: int = 100_000) -> str:
    return (shape * (size // len(shape) + 1))[:size]


def _use(number: int) -> str:
    return f'<g id="a{number + 1}">' + f'<use href="#a{number}"/>' * 10 + "</g>"


def _pattern(number: int) -> str:
    return f'<pattern id="a{number + 1}">' + f'<g fill="url(#a{number})"/>' * 10 + "</pattern>"


SWELLING = {
    "a class on every shape": "<style>.a{d:" + "1 " * 30_000 + "}</style>" + '<g class="a"/>' * 1900,
    "references in a class": "<style>.a{fill:"
    + _filled("url(#a) ", 60_000)
    + "}</style>"
    + '<g class="a"/>' * 1900,
    "uses of uses": "<defs>" + "".join(map(_use, range(30))) + '</defs><use href="#a30"/>',
    "patterns of patterns": "".join(map(_pattern, range(30))) + '<g fill="url(#a30)"/>',
    "selectors": "<style>" + ",".join([".a"] * 30_000) + "{fill:#fff}</style>",
    "elements": "<g/>" * 20_000,
    "depth": "<g>" * 20_000,
}


@pytest.mark.parametrize("shape", SWELLING)
def test_what_would_swell_is_refused(shape: str) -> None:
    content = _svg(SWELLING[shape])
    assert len(content) <= MAX_BYTES
    assert sanitised(content) is None


LONG = {
    "comments without an end": "<style>" + _filled("/*") + "</style>",
    "braces": "<style>" + _filled("{") + "</style>",
    "closing braces": "<style>" + _filled("}") + "</style>",
    "a selector without an end": "<style>" + _filled("a") + "</style>",
    "declarations": "<style>.a{" + _filled("fill:#fff;") + "}</style>",
    "spaces of a declaration": "<style>.a{" + _filled(" ") + "}</style>",
    "one class many times": '<style>.a{fill:#fff}</style><g class="' + _filled("a ") + '"/>',
    "a style attribute": '<g style="' + _filled("fill:#fff;") + '"/>',
    "addresses without an end": '<g fill="' + _filled("url(") + '"/>',
    "spaces of an address": '<g fill="url(' + _filled(" ") + '"/>',
    "the name of an address": '<g fill="' + _filled("url(#a.a.a.a") + '"/>',
    "path data": '<path d="' + _filled("1 ") + '"/>',
    "attributes": "<g " + " ".join(f'a{n}="1"' for n in range(9000)) + "/>",
    "namespaces": "<g " + " ".join(f'xmlns:a{n}="u{n}"' for n in range(5000)) + "/>",
    "comments": "<!-- a -->" * 9000,
    "text that grows": "<text>" + _filled(">") + "</text>",
}


@pytest.mark.parametrize("shape", LONG)
def test_reading_takes_time_in_proportion_to_the_file(shape: str) -> None:
    content = _svg(LONG[shape])
    assert len(content) <= MAX_BYTES
    before = time.thread_time()
    written = sanitised(content)
    # Of this thread's own time. Searching the end of each comment anew took 11 s; each of these takes hundredths.
    assert time.thread_time() - before < 2
    assert written is not None
    assert len(written) <= MOST_WRITTEN


def test_reading_ends_when_it_is_told_to() -> None:
    asked = iter([False] * 5 + [True])
    content = _svg("<g/>" * 100)
    assert sanitised(content, lambda: next(asked)) is None
    assert sanitised(content) is not None


def test_a_style_sheet_is_read_as_drawing_programs_write_it() -> None:
    sheet = "/* a */ .a, .b {fill: #fff} @media print { .c{stroke:#000} } .d{opacity:.5"
    body = f"<style>{sheet}</style>" + "".join(f'<g class="{name}"/>' for name in "abcd")
    written = (sanitised(_svg(body)) or b"").decode()
    assert '<g fill="#fff"></g><g fill="#fff"></g><g stroke="#000"></g><g></g>' in written
