"""What every logger of a process lets through: the product's own, the framework's, the servers' and the drivers'."""

import json
import subprocess
import sys

import pytest

_TOKEN = "0123456789abcdef" * 4
_SECRETS = (_TOKEN, "hunter2", "c00kie")
_PROGRAM = """
import asyncio, logging, sys, threading, warnings
from portal.core.log import configure_logging, logger
import socketio
configure_logging(as_json=sys.argv[1] == "json")
socketio.AsyncServer(async_mode="asgi", logger=False, engineio_logger=False)
token, cookie = "0123456789abcdef" * 4, "portal_session=c00kie; other=c00kie"
event = {"name": "x", "payload": {"password": "hunter2"}, "router_data": {"headers": {"cookie": cookie}}}
texts = [
    f"Error processing event queue entry for Event(name='x', payload={event['payload']}, router_data={event})",
    f"Cookie: {cookie}", f"Authorization: Bearer {token}", f"X-Customer-Token: {token}", f"[(b'cookie', b'{cookie}')]",
    '{"password": "hunter2", "token": "hunter2"}', f"/set-password?token={token}", f"key pak_{token} refused",
    "postgresql://portal:hunter2@db/portal", r'{\\\\"password\\\\": \\\\"hunter2 hunter2\\\\"}',
]
names = ["uvicorn.error", "uvicorn.access", "reflex.app", "reflex_base.event", "socketio.server", "engineio.server",
         "asyncio", "sqlalchemy.engine", "anything.else", "root"]
for name in names:
    standard = logging.getLogger(None if name == "root" else name)
    for text in texts:
        standard.error(text)
        standard.error("said %s of %r", text, event)
        try:
            raise ValueError(text)
        except ValueError:
            standard.exception("failed")
own = logger("test")
for text in texts:
    own.error(text, words=text, headers={"cookie": cookie}, token=token, authorization="hunter2")
    try:
        raise ValueError(text)
    except ValueError as error:
        own.exception("failed", number=len(text))
        own.error("in a page", exc_info=ValueError("typed hunter2"), may_repeat_input=True)
odd = "first\\n2026-11-30T00:00:00Z [info     ] forged\\r\\x1b[31m\\u2028\\u2029\\x85\\x9b\\x00\\u202e"
own.error(odd, words=odd, things=[odd])
for name in names:
    logging.getLogger(name).warning(odd)
    logging.getLogger(name).warning("%s", odd)
    logging.getLogger(name).error("with", exc_info=ValueError(odd))
warnings.warn(odd)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start(); thread.join()
own.info("a line of every day", number=7, ok=True, none=None)
raise RuntimeError(odd)
"""


def _printed(form: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, form], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_logger_prints_a_secret_or_anything_but_its_own_lines(form: str) -> None:
    printed = _printed(form)
    assert [secret for secret in _SECRETS if secret in printed] == []
    assert {character for character in printed if not character.isprintable()} == {"\n"}
    for line in printed.splitlines():
        if form == "json":
            assert {"event", "level", "timestamp", "part"} <= set(json.loads(line)), line
        else:
            assert line.startswith(("20", "  | ")), line
            assert "forged" not in line[:60], line
    assert "division by zero" in printed
    assert "ended by an error nobody caught" in printed


def test_an_ordinary_line_keeps_its_figures() -> None:
    [line] = [line for line in _printed("json").splitlines() if "every day" in line]
    event = json.loads(line)
    assert (event["number"], event["ok"], event["none"], event["part"]) == (7, True, None, "test")


_FLOOD = """
import logging
from portal.core.log import configure_logging, logger
configure_logging(as_json=True)
for number in range(5000):
    try:
        raise ValueError("x" * 100_000)
    except ValueError as error:
        logger("test").error("failed", exc_info=error, number=number)
        logging.getLogger("uvicorn.error").exception("failed")
logger("test").error("of another kind")
"""


def test_a_line_that_comes_by_the_thousand_is_left_out_and_the_log_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FLOOD], capture_output=True, text=True, check=True, timeout=120
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    # A minute may turn over on a slow machine: at most two of them are begun.
    assert 60 <= sum(line["event"] == "failed" for line in lines) <= 120
    assert {line.get("note") for line in lines} == {None, "more like it are left out for a minute"}
    assert lines[-1]["event"] == "of another kind"
    assert len(done.stderr) < 100_000
