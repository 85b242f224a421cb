"""SVG images made harmless: read strictly, and written anew from what is allowed.

An SVG file is a document that may run scripts, load addresses and grow without end when it is drawn. Nothing of the
file itself is kept: elements, attributes and values that are on the lists below are written into a new document, the
rest is left out. What cannot be read safely (declarations of entities) is refused as a whole. The lists hold shapes,
gradients, patterns, clips and plain text; of a style sheet what it says of classes is kept, as attributes. No script,
link, animation, filter, nested image or foreign content has a way in.

What comes out is bounded as well as what goes in: a class of 80 kB on two thousand shapes would be 100 MB of
attributes. Reading takes time in proportion to the file, whatever is in it; `give_up` ends it from outside.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MEDIA_TYPE = "image/svg+xml"
MAX_BYTES = 128 * 1024
MOST_WRITTEN = 512 * 1024
_MOST_ELEMENTS = 2000
_DEEPEST = 32
# Uses of uses multiply: ten levels of ten are ten thousand million shapes.
_MOST_DRAWN = 20_000
_MOST_SELECTORS = 4000
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_SEPARATOR = " "
_ELEMENT_NAMES = (
    "svg g defs symbol title desc path rect circle ellipse line polyline polygon text tspan use "
    "linearGradient radialGradient stop clipPath mask pattern"
)
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_REFERRING = frozenset(("use", "linearGradient", "radialGradient", "pattern"))
_TEXT_ELEMENTS = frozenset(("title", "desc", "text", "tspan"))
_ATTRIBUTE_NAMES = (
    "id x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy width height viewBox preserveAspectRatio d points "
    "pathLength transform fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap "
    "stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset opacity color display "
    "visibility overflow clip-path clip-rule mask offset stop-color stop-opacity gradientUnits "
    "gradientTransform spreadMethod patternUnits patternContentUnits patternTransform clipPathUnits "
    "maskUnits maskContentUnits vector-effect paint-order shape-rendering font-family font-size font- "
    "weight font-style text-anchor dominant-baseline letter-spacing word-spacing textLength rotate "
    "lengthAdjust mix-blend-mode isolation role aria-label "
)
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
# A reference to a part of the same document is the one kind of address there is.
_REFERENCE = re.compile(r"url\(\s*(['\"]?)(#[A-Za-z_][\w.-]*)\1\s*\)")
_LOCAL = re.compile(r"#[A-Za-z_][\w.-]*")
_ID = re.compile(r"[A-Za-z_][\w.-]*")
# No colon: no address has a scheme then. No backslash: no word is spelled in escapes. No ampersand, no angle.
_VALUE = re.compile(r"[\w\s.,#%()+\-/'\"*]*")
_CLASS = re.compile(r"\.([\w-]+)")
# One that is not closed goes on to the end, as CSS has it; searching for the end of each anew would take for ever.
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_LOADS = re.compile(r"url|image|src|attr|var|env|expression|import", re.IGNORECASE)
_DECLARATION = re.compile(r"\s*([a-z-]+)\s*:\s*([^;]*)")


class _Refused(Exception):
    """The document is not one that is taken."""


def _never() -> bool:
    return False


def sanitised(content: bytes, give_up: Callable[[], bool] = _never) -> bytes | None:
    """Return a harmless SVG document that draws the same, or None for what is no SVG or too large or too intricate.

    It has at most MOST_WRITTEN bytes. `give_up` is asked at each element; where it says so, the answer is None.
    """
    if len(content) > MAX_BYTES or b"\x00" in content:
        return None
    copy = _Copy(give_up)
    try:
        copy.read(content)
        copy.references.check()
    except (_Refused, expat.ExpatError, ValueError, LookupError):
        return None
    return copy.written()


class _References:
    """Which part of a document draws which other again, and so how much there is to draw."""

    def __init__(self) -> None:
        self._sizes: Counter[str] = Counter()
        self._targets: defaultdict[str, list[str]] = defaultdict(list)
        self._known: dict[str, int] = {}
        self._visited: set[str] = set()
        self._count = 0

    def note(self, within: Iterable[str], targets: list[str]) -> None:
        """Note an element within these parts (their ids), and what it draws again. Refuses too many."""
        self._count += len(targets)
        if self._count > _MOST_DRAWN:
            raise _Refused
        for part in {"", *within}:
            self._sizes[part] += 1
            self._targets[part] += targets

    def check(self) -> None:
        """Refuse a document that draws itself, or without end in all but name."""
        if self._drawn("") > _MOST_DRAWN:
            raise _Refused

    def _drawn(self, part: str) -> int:
        if part in self._visited:
            raise _Refused
        if part not in self._known:
            if len(self._visited) > _DEEPEST:
                raise _Refused
            self._visited.add(part)
            self._known[part] = self._sizes[part] + sum(map(self._drawn, self._targets[part]))
            self._visited.discard(part)
        return self._known[part]


class _Copy:
    """Writes the allowed part of a document while it is read."""

    def __init__(self, give_up: Callable[[], bool]) -> None:
        self.references = _References()
        self._give_up = give_up
        self._parts: list[bytes] = []
        self._written = 0
        self._open: list[str | None] = []
        self._ids: list[str] = []
        self._classes: dict[str, dict[str, str]] = {}
        self._sheet: list[str] | None = None
        self._elements = self._skipped = 0

    def read(self, content: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_subset
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(content, True)

    def written(self) -> bytes | None:
        return b"".join(self._parts) if self._parts else None

    def _append(self, part: str) -> None:
        encoded = part.encode()
        self._written += len(encoded)
        if self._written > MOST_WRITTEN:
            raise _Refused
        self._parts.append(encoded)

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._open) >= _DEEPEST or self._give_up():
            raise _Refused
        name = _local(qualified, _SVG)
        if not self._open and name != "svg":
            raise _Refused
        if self._skipped or name not in _ELEMENTS:
            self._skipped += 1
            self._open.append(None)
            self._sheet = [] if name == "style" and self._skipped == 1 else None
        else:
            self._write(name, _kept(name, attributes, self._classes))

    def _write(self, name: str, kept: dict[str, str]) -> None:
        is_root = not self._open
        if is_root:
            kept.pop("id", None)
        self._open.append(name)
        self._ids.append(kept.get("id", ""))
        namespace = f' xmlns="{_SVG}"' if is_root else ""
        written = "".join(f" {key}={quoteattr(value)}" for key, value in kept.items())
        self._append(f"<{name}{namespace}{written}>")
        self.references.note(filter(None, self._ids), _targets(kept))

    def _end(self, _: str) -> None:
        name = self._open.pop()
        if name is not None:
            self._ids.pop()
            self._append(f"</{name}>")
            return
        self._skipped -= 1
        if self._sheet is not None:
            _add_class_rules(self._classes, "".join(self._sheet))
            self._sheet = None

    def _text(self, text: str) -> None:
        if self._sheet is not None:
            self._sheet.append(text)
        elif not self._skipped and self._open and self._open[-1] in _TEXT_ELEMENTS:
            self._append(escape(text))


def _targets(kept: dict[str, str]) -> list[str]:
    found = [value[1:] for name, value in kept.items() if name == "href"]
    return found + [match[2][1:] for value in kept.values() for match in _REFERENCE.finditer(value)]


def _add_class_rules(classes: dict[str, dict[str, str]], sheet: str) -> None:
    """Add what a style sheet declares for classes, which is how drawing programs write it; the rest is left out."""
    count = 0
    # What comes before a closing brace is selectors, a brace and declarations, within others perhaps (`@media`).
    for block in _COMMENT.sub("", sheet).split("}")[:-1]:
        head, brace, declarations = block.rpartition("{")
        if not brace:
            continue
        declared = _declared(declarations)
        for selector in head.rpartition("{")[2].split(","):
            count += 1
            if count > _MOST_SELECTORS:
                raise _Refused
            if match := _CLASS.fullmatch(selector.strip()):
                classes.setdefault(match[1], {}).update(declared)


def _kept(element: str, attributes: dict[str, str], classes: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the attributes that may stay; what classes and `style` declare becomes attributes, in their order."""
    kept: dict[str, str] = {}
    for name, value in attributes.items():
        if name in _ATTRIBUTES and (safe := _value(name, value)) is not None:
            kept[name] = safe
        elif _is_reference(name) and element in _REFERRING and _LOCAL.fullmatch(value.strip()):
            kept["href"] = value.strip()
    for one in dict.fromkeys(attributes.get("class", "").split()):
        kept |= classes.get(one, {})
    return kept | _declared(attributes.get("style", ""))


def _declared(style: str) -> dict[str, str]:
    found = (_DECLARATION.fullmatch(part) for part in style.split(";"))
    pairs = ((one[1], one[2].replace("!important", "").strip()) for one in found if one)
    return {
        name: safe
        for name, value in pairs
        if name in _ATTRIBUTES and (safe := _value(name, value)) is not None
    }


def _value(name: str, value: str) -> str | None:
    if name == "id":
        return value if _ID.fullmatch(value) else None
    rest = _REFERENCE.sub(" ", value)
    if not _VALUE.fullmatch(rest) or _LOADS.search(rest):
        return None
    return _REFERENCE.sub(r"url(\2)", value)


def _is_reference(name: str) -> bool:
    return name == "href" or _local(name, _XLINK) == "href"


def _local(qualified: str, namespace: str) -> str:
    """Return the name of an element or attribute of a namespace; empty for one of another."""
    space, _, name = qualified.rpartition(_SEPARATOR)
    return name if space == namespace else ""


def _refuse(*_: object) -> int:
    raise _Refused


def _refuse_subset(_name: str, _system: str | None, _public: str | None, has_subset: bool) -> None:  # noqa: FBT001 - as expat calls it
    """A document type alone is what drawing programs write, and it is not loaded; one with declarations is refused."""
    if has_subset:
        raise _Refused
