"""The recipes of `docs/recipes.md`, and a copy of the product in which they are followed."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.source import ROOT
from tests.documents.blocks import Block, blocks_of

DOCUMENT = ROOT / "docs/recipes.md"
# A new file stands below a line that is its path.
_NAMED = re.compile(r"^`([\w/.]+)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CHANGED = re.compile(r"^\+\+\+ b/(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Recipe:
    """The blocks under a heading, in their order."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def commands(self) -> list[str]:
        """What is run in the end."""
        return [block.text for block in self.blocks[1:] if block.language == "sh"]

    @property
    def files(self) -> list[str]:
        """The files it makes or changes."""
        changed = [path for block in self.blocks for path in _CHANGED.findall(block.text)]
        return sorted(
            {*changed, *(_new_files()[block.text] for block in self.blocks if block.language == "python")}
        )


def recipes() -> list[Recipe]:
    found: dict[str, list[Block]] = {}
    for block in blocks_of(DOCUMENT):
        found.setdefault(block.heading, []).append(block)
    made = {"python", "diff"}
    return [
        Recipe(title, tuple(blocks))
        for title, blocks in found.items()
        if made & {block.language for block in blocks}
    ]


def _new_files() -> dict[str, str]:
    return {text: path for path, text in _NAMED.findall(DOCUMENT.read_text(encoding="utf-8"))}


def copy_of_the_product(directory: Path) -> None:
    """Put what is tracked into a directory that is no clone, and the environment beside it."""
    kept = subprocess.Popen(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    packed = subprocess.Popen(
        ["tar", "-c", "--null", "--ignore-failed-read", "-T", "-"],
        cwd=ROOT,
        stdin=kept.stdout,
        stdout=subprocess.PIPE,
    )
    subprocess.run(["tar", "-x"], cwd=directory, stdin=packed.stdout, check=True)
    assert (kept.wait(), packed.wait()) == (0, 0)
    (directory / ".venv").symlink_to(ROOT / ".venv")


def follow(recipe: Recipe, directory: Path) -> None:
    """Do what a recipe begins with, and make its new files and changes; the commands after that are the caller's."""
    if recipe.blocks[0].language == "sh":
        subprocess.run(["bash", "-euc", recipe.blocks[0].text], cwd=directory, check=True)
    for block in recipe.blocks:
        if block.language == "python":
            path = directory / _new_files()[block.text]
            assert not path.exists(), f"{block.location}: there is such a file already"
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "diff":
            done = subprocess.run(
                ["git", "apply", "-"],
                cwd=directory,
                input=block.text,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{block.location} does not fit any more: {done.stderr}"
