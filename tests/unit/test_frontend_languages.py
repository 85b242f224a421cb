"""Pages of every language out of one build with marked words."""

import gzip
import json
from pathlib import Path

import pytest

from portal import frontend_languages
from portal.core import languages
from portal.core.words import say

_QUOTED = """He said "it's" `${x}` <b> \\"""


@pytest.fixture
def marking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "_marking", True)


@pytest.fixture
def build(tmp_path: Path, marking: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of one page and its script, in which words are marked."""
    monkeypatch.setattr(frontend_languages, "LANGUAGES", {"en": "English", "af": "Afrikaans"})
    (tmp_path / "assets").mkdir()
    save, quoted = languages.tr("Save"), languages.tr(_QUOTED)
    (tmp_path / "index.html").write_text(
        f'<html lang="en"><p title="{quoted}">{save}</p><script>x = "{quoted}"</script>'
        '<script src="/assets/page-1.js"></script>'
    )
    (tmp_path / "assets" / "page-1.js").write_text(
        f'import "./rest-2.js"; show("{save}", `{quoted}`, "/assets/x")'
    )
    (tmp_path / "assets" / "rest-2.js").write_text("nothing to say")
    (tmp_path / "assets" / "style-3.css").write_text("p { color: red }")
    frontend_languages.speak_all(tmp_path)
    return tmp_path


def test_each_language_has_its_html_and_its_scripts(build: Path) -> None:
    assets = frontend_languages.assets_of("af")
    english, afrikaans = (build / "index.html").read_text(), (build / "af" / "index.html").read_text()
    assert '<html lang="en">' in english
    assert ">Save</p>" in english
    assert '<html lang="af">' in afrikaans
    assert ">Stoor</p>" in afrikaans
    assert f'src="/{assets}/page-1.js"' in afrikaans
    assert 'show("Save"' in (build / "assets" / "page-1.js").read_text()
    script = (build / assets / "page-1.js").read_text()
    assert 'show("Stoor"' in script
    assert f'"/{assets}/x"' in script
    assert (build / assets / "style-3.css").is_file(), "what it refers to is there as well"


def test_words_are_escaped_as_what_is_around_them_asks(build: Path) -> None:
    html = (build / "index.html").read_text()
    assert 'title="He said &quot;it&#x27;s&quot; `${x}` &lt;b&gt; \\"' in html
    script = html.partition("<script>x = ")[2].partition("</script>")[0]
    assert (
        json.loads(script.replace("\\'", "'").replace("\\`", "`").replace("\\$", "$").replace("\\x3c", "<"))
        == _QUOTED
    )
    assert "\\`\\${x}\\`" in (build / "assets" / "page-1.js").read_text()


def test_compressed_copies_hold_the_same(build: Path) -> None:
    for path in build.rglob("*.gz"):
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()


def test_a_mark_that_was_cut_is_not_served(tmp_path: Path, marking: None) -> None:
    (tmp_path / "index.html").write_text(languages.tr("Save")[:-3])
    with pytest.raises(RuntimeError, match=r"index\.html is marked in a way"):
        frontend_languages.speak_all(tmp_path)


def test_a_marked_sentence_keeps_the_names_in_it(marking: None) -> None:
    said = languages.tr(say("{count} of {what}", count=3, what=say("{n} sites", n=2)))
    assert languages.unmarked(said, "en", str) == "3 of 2 sites"
    counted = languages.trn("{count} site", "{count} sites", 2, count=2)
    assert languages.unmarked(counted, "af", str) == "2 persele"
