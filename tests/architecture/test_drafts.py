"""A form longer than a line keeps a draft, and none that asks for a password or a code does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.architecture.source import product

if TYPE_CHECKING:
    from collections.abc import Iterator

# Forms that the framework submits, and so hold what is typed nowhere else; each is kept, or asks for a secret.
_FORMS = {
    "portal/features/settings/dialogs.py": "form_dialog, which takes a draft",
    "portal/features/settings/branding/components.py": "kept",
    "portal/features/data_quality/deciding.py": "kept",
    "portal/client/add_meter/components.py": "kept; the second chooses a site in one box",
    "portal/client/import_file/components.py": "kept",
    "portal/admin/leaving/components.py": "one line, which is to be typed when it is meant",
    "portal/admin/library/components.py": "kept",
    "portal/client/offers/components.py": "one choice",
    "portal/client/rates/editor.py": "kept; the second is the line that fills in holidays",
    "portal/features/settings/account/second_factor.py": "codes and passwords",
}
_SECRETS = "portal/features/settings/account/second_factor.py"


def _calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    for source in product():
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                yield source.path, node


def test_every_form_is_known_here() -> None:
    assert {path for path, _ in _calls("rx.el.form")} == set(_FORMS)


def test_every_dialog_with_a_form_keeps_a_draft_unless_it_asks_for_a_secret() -> None:
    kept = {path: any(word.arg == "draft" for word in call.keywords) for path, call in _calls("form_dialog")}
    assert kept.pop(_SECRETS) is False
    assert kept
    assert [path for path, is_kept in kept.items() if not is_kept] == []
