"""Compose files as an engine reads them: variables of a `.env` filled in, what is shared put where it belongs."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

_BOOLEANS = {"true": True, "false": False}
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


def filled_in(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return a compose file with its variables filled in. Raises `KeyError` for one that has to be given and is not."""
    return _read(yaml.safe_load(path.read_text("utf-8")), variables)


def _read(node: Any, variables: Mapping[str, str]) -> Any:
    """Texts with their variables filled in: they stay texts, whatever is filled in."""
    if isinstance(node, dict):
        return {key: _typed(key, _read(value, variables)) for key, value in node.items()}
    if isinstance(node, list):
        return [_read(value, variables) for value in node]
    if isinstance(node, str):
        return _VARIABLE.sub(lambda found: _value(found, variables), node)
    return node


def _typed(key: str, value: Any) -> Any:
    """As engines do with a number that is filled in."""
    return int(value) if key == "scale" else value


def variables_of(path: Path) -> dict[str, str]:
    """Return what a `.env` file sets."""
    return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, kind, rest = found.groups()
    if variables.get(name):
        return variables[name]
    if kind == ":-":
        return rest
    raise KeyError(f"{name}: {rest}")


def labels_as_dynamic(labels: list[str]) -> dict[str, Any]:
    """Return Traefik's labels as its file provider takes the same configuration.

    `loadBalancer.server.port` stays as it is: where a service is, whoever runs it knows.
    """
    made: dict[str, Any] = {}
    for label in labels:
        name, _, value = label.partition("=")
        _, *path = name.split(".")
        if path[0] in ("enable", "docker"):
            continue
        *folders, last = path
        branch = made
        for folder in folders:
            branch = branch.setdefault(folder, {})
        is_list = last in ("entryPoints", "middlewares", "authRequestHeaders", "authResponseHeaders")
        branch[last] = value.split(",") if is_list else _BOOLEANS.get(value, value)
    return made
