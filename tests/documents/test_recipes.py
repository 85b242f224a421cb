"""The recipes are followed, in a copy of the product: what they say to write fits, and is good code.

In `make test-slow` their own commands are run as well, after `make check` of the copy.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.documents.recipes import DOCUMENT, Recipe, copy_of_the_product, follow, recipes
from tests.length import usual_or_long

RECIPES = recipes()
_REVISION = re.compile(r'^(?:down_)?revision = "(\w+)"$', re.MULTILINE)


@pytest.fixture
def product(tmp_path: Path) -> Path:
    copy_of_the_product(tmp_path)
    return tmp_path


def _run(product: Path, *command: str) -> None:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=product, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"


def test_there_is_one_for_every_usual_change() -> None:
    titles = {recipe.title for recipe in RECIPES}
    watched = "Something to watch, and an alert on it"
    assert titles >= {"A page", "A route", "A setting", "A column", watched, "A test of both engines"}
    assert all(recipe.commands for recipe in RECIPES), "a recipe ends without a test"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_what_it_says_to_write_fits_and_is_good_code(product: Path, recipe: Recipe) -> None:
    follow(recipe, product)
    code = [path for path in recipe.files if path.endswith(".py")]
    _run(product, sys.executable, "-m", "ruff", "check", *code)
    _run(product, sys.executable, "-m", "ruff", "format", "--check", *code)
    for path in code:
        if path.startswith("alembic/"):
            made, after = _REVISION.findall((product / path).read_text(encoding="utf-8"))
            there = {
                name
                for file in (ROOT / path).parent.glob("*.py")
                for name in _REVISION.findall(file.read_text())
            }
            assert (made in there, after) == (False, max(there)), (
                f"{DOCUMENT.name}: {path} is not the next migration"
            )


if usual_or_long(usual=False, long=True):

    @pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
    def test_its_commands_pass_as_they_stand(product: Path, recipe: Recipe) -> None:
        follow(recipe, product)
        _run(product, "make", "check")
        _run(product, "bash", "-euc", "\n".join(recipe.commands))
