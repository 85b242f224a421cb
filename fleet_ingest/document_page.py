"""The OpenAPI document as one page: plain HTML, no script, nothing from the network."""

# Any: an OpenAPI document is a tree of JSON; what it must be is held by the validator of the specification, in a test.

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: .5rem 0; }
summary code { font-weight: 600; }
article { border-bottom: 1px solid var(--line); }
article > div { padding: 0 0 1rem 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; }
"""


def page(document: dict[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    title = escape(document["info"]["title"])
    tagged = sorted(_operations(document), key=lambda found: found[2]["tags"][0])
    sections = "".join(
        f"<section><h2>{escape(tag)}</h2>{''.join(_article(*found) for found in group)}</section>"
        for tag, group in groupby(tagged, key=lambda found: found[2]["tags"][0])
    )
    schemas = "".join(
        f'<article id="{escape(name)}"><h3>{escape(name)}</h3>{_schema_table(schema)}</article>'
        for name, schema in document["components"]["schemas"].items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: API</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}: API</h1><p>Every path below <code>/api</code> is also there below "
        f"<code>/api/v1</code>. Times carry an offset; answers are in UTC. For machines: "
        f'<a href="openapi.json">openapi.json</a>.</p>{sections}<h2>Shapes</h2>{schemas}</body></html>'
    )


def _operations(document: dict[str, Any]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        prefix = "" if "servers" in item else document["servers"][0]["url"]
        for method, operation in item.items():
            if method != "servers":
                yield method.upper(), prefix + path, operation


def _article(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [_credentials(operation), _parameters(operation), _body(operation), _answers(operation)]
    return (
        f"<article><details><summary><code>{method} {escape(path)}</code><br>{escape(operation['summary'])}"
        f"</summary><div>{''.join(parts)}</div></details></article>"
    )


def _credentials(operation: dict[str, Any]) -> str:
    names = [" + ".join(way) or "this machine itself" for way in operation["security"]]
    return f"<p>Credentials: {escape(' or '.join(names) or 'none')}</p>"


def _parameters(operation: dict[str, Any]) -> str:
    rows = [
        (
            f"{parameter['name']} ({parameter['in']}{', required' if parameter['required'] else ''})",
            " ".join([parameter.get("description", ""), _kind(parameter["schema"])]),
        )
        for parameter in operation.get("parameters", ())
    ]
    return _table(rows) if rows else ""


def _body(operation: dict[str, Any]) -> str:
    if "requestBody" not in operation:
        return ""
    content = operation["requestBody"]["content"]["application/json"]
    return f"<h4>Body</h4><p>{_kind(content['schema'], linked=True)}</p>{_example(content)}"


def _answers(operation: dict[str, Any]) -> str:
    found = ["<h4>Answers</h4>"]
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {"": {}}).items():
            kind = _kind(content["schema"], linked=True) if "schema" in content else "no body"
            found.append(f"<p><code>{status}</code> {escape(answer['description'])}, {media_type} {kind}</p>")
            if status.startswith("2"):
                found.append(_example(content))
    return "".join(found)


def _example(content: dict[str, Any]) -> str:
    examples = content.get("examples")
    if not examples:
        return ""
    text = msgspec.json.format(msgspec.json.encode(examples["example"]["value"]), indent=2).decode()
    return f"<pre>{escape(text)}</pre>"


def _schema_table(schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (
            f"{name}{'' if name in required else ' (optional)'}",
            _kind(kind) + " " + kind.get("description", ""),
        )
        for name, kind in schema.get("properties", {}).items()
    ]
    return f"<p>{escape(schema.get('description', ''))}</p>{_table(rows)}"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(
        f"<tr><th scope='row'><code>{escape(name)}</code></th><td>{escape(about)}</td></tr>"
        for name, about in rows
    )
    return f"<table>{body}</table>"


def _kind(schema: dict[str, Any], *, linked: bool = False) -> str:
    """Return a schema in a word or two."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#{escape(name)}">{escape(name)}</a>' if linked else name
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        choices = cast("list[dict[str, Any]]", schema["anyOf"])
        return " or ".join(_kind(choice, linked=linked) for choice in choices)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), linked=linked)}"
    return str(schema.get("format") or schema.get("type") or "anything")
