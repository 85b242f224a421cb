"""Every request has a name in the log; who brought one, or met a failure of ours, is told it."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import get_contextvars

from fleet_ingest.request_ids import RequestIds

_NAME = "X-Request-Id"


def _ask(path: str = "/", name: str | None = None) -> tuple[str, httpx.Response]:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(get_contextvars().get("request"))
        status = int(Request(scope).url.path.strip("/") or 200)
        await Response(status_code=status)(scope, receive, send)

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(RequestIds(RequestIds(app)))
        async with httpx.AsyncClient(transport=transport, base_url="http://stack") as http:
            return await http.get(path, headers={} if name is None else {_NAME: name})

    answer = asyncio.run(asked())
    assert get_contextvars() == {}
    return seen[0], answer


def test_a_request_without_a_name_is_given_one_and_a_board_pays_for_no_header() -> None:
    first, answer = _ask()
    second, _ = _ask()
    assert first != second
    assert _NAME not in answer.headers


def test_what_is_brought_is_kept_and_answered() -> None:
    name, answer = _ask(name="0f3a9c11-42")
    assert name == "0f3a9c11-42"
    assert answer.headers[_NAME] == name


def test_a_failure_of_ours_says_where_to_look() -> None:
    name, answer = _ask("/500")
    assert answer.headers[_NAME] == name


@pytest.mark.parametrize("name", ["", "a b", "x" * 41, "0123456789abcdef" * 4, "a\t[31m", "-"])
def test_what_cannot_be_a_name_is_passed_over(name: str) -> None:
    found, answer = _ask(name=name)
    assert found != name
    assert _NAME not in answer.headers
