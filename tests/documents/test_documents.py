"""What the documents print is run: every command and request, as it stands, against stacks that serve."""

import json
import re
import shlex
import socket
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import jinja2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from typer.main import get_command

from fleet_ingest.operations import PREFIXES
from fleet_ingest.routes import operations
from fleet_ingest.shared_routes import SHARED
from portal.cli import app
from portal.core.settings import RunMode
from tests.architecture.source import ROOT
from tests.documents.blocks import BLOCKS, DOCUMENTS, Block, blocks, inline_code
from tests.documents.conftest import Reader

LANGUAGES = {"sh", "http", "yaml", "json", "ini", "text", "python", "diff", "sql"}
CURL = re.compile(r"\bcurl [^|\n]*")


def by_document(language: str) -> list[tuple[str, list[Block]]]:
    found: dict[str, list[Block]] = defaultdict(list)
    for block in blocks(language):
        found[block.document].append(block)
    # The guides go on with what was set up as in operations.md.
    return sorted(found.items(), key=lambda item: (item[0] != "docs/operations.md", item[0]))


def test_every_block_says_what_it_is_and_who_holds_it() -> None:
    assert [block.location for block in BLOCKS if block.language not in LANGUAGES] == []
    assert [block.location for block in BLOCKS if block.held and not (ROOT / block.held).is_file()] == []


@pytest.mark.parametrize(("document", "found"), by_document("sh"), ids=lambda value: str(value)[:30])
def test_commands_do_what_the_document_says(reader: Reader, document: str, found: list[Block]) -> None:
    done = reader.follow(found)
    assert done.returncode == 0, f"{document}:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


@pytest.mark.parametrize("block", blocks("http"), ids=lambda block: block.location)
def test_a_raw_request_is_taken_byte_for_byte(reader: Reader, block: Block) -> None:
    head, _, body = block.text.partition("\n\n")
    body = body.rstrip("\n")
    assert int(re.findall(r"Content-Length: (\d+)", head)[0]) == len(body.encode())
    sent = head.replace("\n", "\r\n").replace("TOKEN", reader.variables["TOKEN"]) + "\r\n\r\n" + body
    with socket.create_connection(("127.0.0.1", reader.client.port), timeout=30) as line:
        line.sendall(sent.encode())
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
            part = line.recv(65_536)
            assert part, answer
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["rejected"] == 0


def test_json_is_json() -> None:
    for block in blocks("json"):
        json.loads(block.text)


def test_settings_of_postgresql_are_known_to_it(reader: Reader) -> None:
    for block in blocks("ini"):
        for name in re.findall(r"^(\w+) =", block.text, re.MULTILINE):
            reader.client.execute(f"SHOW {name}")


# Commands named in the text


def commands_named() -> Iterator[tuple[str, list[str]]]:
    for path in DOCUMENTS:
        for code in inline_code(path):
            if code.startswith("portal ") and "..." not in code:
                yield path.relative_to(ROOT).as_posix(), shlex.split(code)[1:]


def test_every_command_named_in_the_text_exists_with_its_options() -> None:
    wrong = [
        f"{document}: portal {' '.join(words)}" for document, words in commands_named() if not is_verb(words)
    ]
    assert wrong == []


def is_verb(words: list[str]) -> bool:
    command: Any = get_command(app)
    rest = list(words)
    while rest and not rest[0].startswith("-") and (verbs := getattr(command, "commands", None)) is not None:
        name = rest.pop(0)
        if name not in verbs:
            return False
        command = verbs[name]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return all(word.partition("=")[0] in known for word in rest if word.startswith("--"))


# A line for every route


def requests_shown() -> Iterator[tuple[RunMode, str, str]]:
    """Every curl line of the API's document: whose, method, path."""
    for block in blocks("sh"):
        if block.document != "docs/api.md":
            continue
        for line in block.text.splitlines():
            for command in CURL.findall(line):
                shown = re.search(r'"\$(CLIENT|ADMIN)(/[^"?]*)', command)
                if shown:
                    given = re.search(r"-X (\w+)", command)
                    method = given[1] if given else "POST" if re.search(r" (-d|--data)", command) else "GET"
                    yield RunMode(shown[1].title()), method, shown[2]


def test_every_route_has_a_line_to_copy() -> None:
    shown = set(requests_shown())
    for mode in RunMode:
        paths = {(method, path) for of, method, path in shown if of is mode}
        both = {(method, path) for _, method, path in shown}
        missing = [
            f"{mode}: {operation.method} {operation.path}"
            for operation in operations(mode)
            if not any(
                method == operation.method and fits(operation.path, path, is_rooted=operation.is_rooted)
                for method, path in (both if operation in SHARED else paths)
            )
        ]
        assert missing == []


def fits(template: str, path: str, *, is_rooted: bool) -> bool:
    pattern = re.sub(r"\{\w+:\w+\}", r"\\$\\w+", re.sub(r"([.])", r"\\\1", template))
    return re.fullmatch(("" if is_rooted else PREFIXES[0]) + pattern, path) is not None


# Configurations of other programs


def configurations(key: str) -> list[dict[str, Any]]:
    return [found for block in blocks("yaml") if key in (found := yaml.safe_load(block.text))]


def test_prometheus_scrapes_what_the_document_says(reader: Reader) -> None:
    [document] = configurations("scrape_configs")
    [job] = document["scrape_configs"]
    targets = [target for group in job["static_configs"] for target in group["targets"]]
    assert len(targets) == 2
    for target, key in zip(targets, ("KEY", "ADMIN_KEY"), strict=True):
        bearer = job["authorization"]["credentials"].replace("KEY", reader.variables[key])
        answer = httpx.get(
            f"http://{reader.localised(target)}{job['metrics_path']}",
            headers={
                "Authorization": f"{job['authorization']['type']} {bearer}",
                "X-Forwarded-For": "203.0.113.7",
            },
        )
        assert answer.status_code == 200
        families = list(text_string_to_metric_families(answer.text))
        assert any(family.name.startswith("portal_") for family in families)


def home_assistant(reader: Reader) -> jinja2.Environment:
    """The words that Home Assistant lends to its templates, as far as the document uses them."""
    words = jinja2.Environment(undefined=jinja2.StrictUndefined)
    now = datetime.now(UTC)
    words.globals.update(
        utcnow=lambda: now,
        today_at=lambda: now.replace(hour=0, minute=0, second=0, microsecond=0),
        timedelta=timedelta,
        states=lambda _: "3.25",
    )
    words.filters["urlencode"] = lambda text: quote(text, safe="")
    return words


def filled_in(reader: Reader, text: str) -> str:
    for name in ("KEY", "DEVICE", "TOKEN"):
        text = re.sub(rf"\b{name}\b", reader.variables[name], text)
    return reader.localised(text)


def test_home_assistant_reads_and_posts_as_the_document_says(reader: Reader) -> None:
    [document] = configurations("rest")
    words = home_assistant(reader)
    command = document["rest_command"]["post_reading"]
    posted = httpx.request(
        command["method"],
        filled_in(reader, command["url"]),
        headers={name: filled_in(reader, value) for name, value in command["headers"].items()}
        | {"Content-Type": command["content_type"]},
        content=words.from_string(command["payload"]).render(),
    )
    assert posted.json()["accepted"] == 1, posted.text
    values = {}
    for resource in document["rest"]:
        address = (
            words.from_string(filled_in(reader, resource["resource_template"])).render().replace(" ", "")
        )
        assert urlsplit(address).query
        headers = {name: filled_in(reader, value) for name, value in resource["headers"].items()}
        answer = httpx.get(address, headers=headers)
        assert answer.status_code == 200, answer.text
        for sensor in resource["sensor"]:
            shown = words.from_string(sensor["value_template"]).render(value_json=answer.json())
            values[sensor["name"]] = float(shown)
    assert values.pop("Power of the main incomer") == 3.25
    assert len(values) == 2
