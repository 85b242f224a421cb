"""Every setting is documented with its true default, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from portal.core.settings import Settings, env_name
from tests.architecture.source import ROOT

_ROW = re.compile(r"^\| `(\w+__\w+)` \| (.+?) \|")
# Defaults that depend on another setting are said in words.
IN_WORDS = {"Database__AutoProvisionLocal": "`true` in Development, `false` in Production"}


def _defaults() -> dict[str, Any]:
    empty = Settings()
    return {
        env_name(section, field): getattr(getattr(empty, section), field)
        for section in Settings.model_fields
        for field in type(getattr(empty, section)).model_fields
    }


def _as_documented(name: str, value: Any) -> str:
    if name in IN_WORDS:
        return IN_WORDS[name]
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(plain, Path):
        return f"`./{plain.as_posix()}`"
    if plain in ("", ()):
        return "empty"
    if isinstance(plain, bool):
        return f"`{str(plain).lower()}`"
    return f"`{plain:g}`" if isinstance(plain, float) else f"`{plain}`"


def _documented() -> dict[str, str]:
    lines = (ROOT / "docs/configuration.md").read_text(encoding="utf-8").splitlines()
    return {found[1]: found[2] for line in lines if (found := _ROW.match(line))}


def test_the_document_names_every_setting_and_no_other() -> None:
    assert sorted(_documented()) == sorted(_defaults())


def test_the_documented_defaults_are_the_real_ones() -> None:
    real = {name: _as_documented(name, value) for name, value in _defaults().items()}
    assert _documented() == real


def test_the_example_file_names_real_settings_only() -> None:
    names = re.findall(
        r"^#?\s*(\w+__\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert names, "the example file sets nothing"
    known = {name.lower() for name in _defaults()}
    assert [name for name in names if name.lower().removesuffix("_file") not in known] == []
