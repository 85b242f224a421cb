"""What goes over the wire, and that no state of the network raises."""

import gzip
import json
from datetime import UTC, datetime

import httpx
import pytest

from portal.core.exchange.batches import BatchType
from portal.core.settings import FleetIngest
from portal.push.client import PushClient, compressed
from portal.push.responses import Reply, Unreachable

TOKEN = "ab" * 32
FLEET = FleetIngest.model_validate(
    {"enabled": True, "url": "https://admin.test/api/fleet/ingest", "token": TOKEN}
)
CURSOR = datetime(2026, 5, 18, 12, 0, 0, 123456, tzinfo=UTC)


async def _send(transport: httpx.AsyncBaseTransport, fleet: FleetIngest = FLEET) -> Reply | Unreachable:
    async with PushClient(fleet, transport) as client:
        return await client.send(BatchType.SITES, compressed([b'{"a":1}', b'{"a":2}']), CURSOR)


async def test_a_batch_is_a_compressed_array_with_its_headers() -> None:
    seen: list[httpx.Request] = []

    def admin(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"accepted": 2, "rejected": 0, "errors": []})

    reply = await _send(httpx.MockTransport(admin))
    [request] = seen
    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert json.loads(gzip.decompress(request.content)) == [{"a": 1}, {"a": 2}]
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["X-Customer-Token"] == TOKEN
    assert request.headers["X-Batch-Type"] == "sites"
    assert datetime.fromisoformat(request.headers["X-Push-Cursor"]) == CURSOR


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("gone"),
        httpx.InvalidURL("?"),
    ],
)
async def test_a_bad_network_is_an_answer_without_the_token(trouble: Exception) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise trouble

    reply = await _send(httpx.MockTransport(broken))
    assert isinstance(reply, Unreachable)
    assert TOKEN not in reply.reason


async def test_an_error_without_a_text_is_said_in_words() -> None:
    """A line that is cut in the middle of an answer has httpx raise an error with a name alone."""

    def cut(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("")

    reply = await _send(httpx.MockTransport(cut))
    assert reply == Unreachable("the connection broke (ReadError)")


async def test_a_redirect_does_not_carry_the_token_away() -> None:
    asked: list[str] = []

    def admin(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere.test/"})

    reply = await _send(httpx.MockTransport(admin))
    assert isinstance(reply, Reply)
    assert reply.status == 307
    assert asked == ["admin.test"]


async def test_an_endless_answer_is_cut_off() -> None:
    reply = await _send(httpx.MockTransport(lambda _: httpx.Response(200, content=b" " * (9 * 1024 * 1024))))
    assert isinstance(reply, Unreachable)


@pytest.mark.parametrize("url", ["admin.test/api", "", "ftp://admin.test/", "http://"])
async def test_a_wrong_address_is_said_and_not_raised(url: str) -> None:
    async with PushClient(FLEET.model_copy(update={"url": url})) as client:
        reply = await client.send(BatchType.SITES, compressed([b"{}"]), CURSOR)
    assert isinstance(reply, Unreachable)
