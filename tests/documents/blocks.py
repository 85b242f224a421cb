"""The fenced blocks of the documents: what they are, where they stand, and who else holds them.

A fence may say `held=PATH` after its language: the block is run or proved by that file instead of by the tests here.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.source import ROOT

_GONE_BY = "CHANGELOG.md"  # what was called so once
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")} - {ROOT / _GONE_BY})
_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_HELD = re.compile(r"\bheld=(\S+)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document; `heading` is the one that it stands under."""

    document: str
    line: int
    heading: str
    language: str
    held: str
    text: str

    @property
    def location(self) -> str:
        return f"{self.document}:{self.line}"


def blocks_of(path: Path) -> list[Block]:
    whole = path.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(whole):
        before = _FENCE.sub("", whole[: match.start()])
        headings = _HEADING.findall(before)
        info = match["info"].strip()
        held = _HELD.search(info)
        found.append(
            Block(
                path.relative_to(ROOT).as_posix(),
                whole.count("\n", 0, match.start()) + 1,
                headings[-1] if headings else "",
                info.split(" ")[0] if info and not info.startswith("held=") else "",
                held[1] if held else "",
                match["text"],
            )
        )
    return found


BLOCKS = [block for path in DOCUMENTS for block in blocks_of(path)]


def blocks(language: str) -> list[Block]:
    """The blocks of a language that nothing else holds."""
    return [block for block in BLOCKS if block.language == language and not block.held]


def inline_code(path: Path) -> list[str]:
    """What stands between backticks in the text of a document, lines joined."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    return [re.sub(r"\s+", " ", found) for found in re.findall(r"`([^`]+)`", text)]
