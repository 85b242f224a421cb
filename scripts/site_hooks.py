"""For MkDocs: the documents that lie beside `docs/` are pages of the site as well."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_ROOT = Path(__file__).resolve().parents[1]
_PAGES = {"README.md": "index.md", "CHANGELOG.md": "CHANGELOG.md", "CONTRIBUTING.md": "CONTRIBUTING.md"}
_PAGES |= {"SECURITY.md": "SECURITY.md"}
_LINK = re.compile(r"(\]\()([\w./-]+)((?:#[\w-]+)?\))")
# How the documents' own tests find who holds a block; on a page it is nothing.
_HELD = re.compile(r"^(```\w+) held=\S+$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from beside `docs/`, with links as they are from there, and leave out what only tests read."""
    for name, page in _PAGES.items():
        text = _LINK.sub(_from_inside, (_ROOT / name).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Take out of a page what only the tests read."""
    return _HELD.sub(r"\1", markdown)


def _from_inside(found: re.Match[str]) -> str:
    target = found[2].removeprefix("docs/")
    return found[1] + _PAGES.get(target, target) + found[3]
