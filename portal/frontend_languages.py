"""Makes the pages of every language out of one build, in which words are marked.

A build takes minutes, and what differs between languages are words alone: they are put in place of their marks here, in
a second. English lies where it was built. Every other language has its HTML in a directory of its own, which
`portal.web.http.edge` serves by who asks, and its scripts beside those of English: under a name that changes with the
catalogue, since browsers keep scripts for good.
"""

import gzip
import hashlib
import html
import os
import re
from pathlib import Path

from portal.core.languages import CATALOGUES, ENGLISH, LANGUAGES, MARK_BEGIN, unmarked

_ASSETS = "assets"
_SCRIPT = re.compile(r"(<script\b[^>]*>)(.*?)(</script>)", re.DOTALL)
_ESCAPED = str.maketrans(
    {
        "\\": "\\\\",
        '"': '\\"',
        "'": "\\'",
        "`": "\\`",
        "$": "\\$",
        "\n": "\\n",
        "<": "\\x3c",
        "\u2028": "\\u2028",
    }
)
_SMALLEST_COMPRESSED = 256


def speak_all(static: Path) -> None:
    """Write the pages of `static`, a build with marked words, in each language there is: English in their place."""
    marked = {path: path.read_text(encoding="utf-8") for path in _texts(static)}
    for language in (*(each for each in LANGUAGES if each != ENGLISH.language), ENGLISH.language):
        _speak(static, marked, language)


def assets_of(language: str) -> str:
    """Return the directory of a language's scripts, as addresses have it."""
    if language == ENGLISH.language:
        return _ASSETS
    catalogue = (CATALOGUES / f"{language}.po").read_bytes()
    return f"{_ASSETS}/{language}-{hashlib.sha256(catalogue).hexdigest()[:10]}"


def _speak(static: Path, marked: dict[Path, str], language: str) -> None:
    assets = assets_of(language)
    for path, text in marked.items():
        said = _in_html(text, language) if path.suffix == ".html" else unmarked(text, language, _in_script)
        if assets != _ASSETS:
            said = said.replace(f"/{_ASSETS}/", f"/{assets}/").replace(f'"{_ASSETS}/', f'"{assets}/')
        if MARK_BEGIN in said:
            at = said.index(MARK_BEGIN)
            message = (
                f"a word of {path.name} is marked in a way that is not understood: {said[at : at + 80]!r}"
            )
            raise RuntimeError(message)
        _write(_target(static, path, language, assets), said)
    if assets != _ASSETS:
        for path in (static / _ASSETS).iterdir():
            if path.is_file() and path not in marked and path.suffix != ".gz":
                _link(path, static / assets / path.name)
                if (packed := path.with_name(f"{path.name}.gz")).is_file():
                    _link(packed, static / assets / packed.name)


def _texts(static: Path) -> list[Path]:
    scripts = (static / _ASSETS).glob("*.js")
    return sorted([*static.rglob("*.html"), *scripts])


def _target(static: Path, path: Path, language: str, assets: str) -> Path:
    if language == ENGLISH.language:
        return path
    inside = path.relative_to(static)
    return static / assets / path.name if inside.parts[0] == _ASSETS else static / language / inside


def _in_html(text: str, language: str) -> str:
    """Put words between tags and into attributes; those of scripts in between are escaped as in any script."""
    parts = _SCRIPT.split(text.replace('<html lang="en"', f'<html lang="{language}"', 1))
    # Every fourth part, from the third, is what stands in a script.
    return "".join(
        unmarked(part, language, _in_script if index % 4 == 2 else html.escape)
        for index, part in enumerate(parts)
    )


def _in_script(text: str) -> str:
    """Escape a text for a string of a script, in whichever quotes it stands."""
    return text.translate(_ESCAPED)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode()
    path.write_bytes(content)
    packed = path.with_name(f"{path.name}.gz")
    packed.unlink(missing_ok=True)
    if len(content) >= _SMALLEST_COMPRESSED:
        packed.write_bytes(gzip.compress(content, 9, mtime=0))


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(path, target)
