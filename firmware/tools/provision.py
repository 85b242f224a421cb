"""Sets a board up over USB: sends settings to its console, and shows what it says of itself and the code it has.

    .venv/bin/python firmware/tools/provision.py /dev/ttyUSB0 host=portal.example.com apn=internet
    .venv/bin/python firmware/tools/provision.py /dev/ttyUSB0

A value that is JSON is sent as such (`period_s=30`), any other as a text; `@FILE` is a file's text.
"""

import json
import sys
import time
from pathlib import Path
from typing import Protocol

import serial

_BAUD, _PATIENCE_S = 115_200, 20.0
_ANSWERS = ("ok", "no:", "{", "restarting")


class Line(Protocol):
    """A serial line with a time limit."""

    def write(self, data: bytes, /) -> int | None:
        """Send bytes."""
        ...

    def readline(self) -> bytes:
        """Return a line, or what there is of it when the time is over."""
        ...


def told(line: Line, text: str) -> str:
    """Send a line to a board and return its answer. Raises `TimeoutError`."""
    line.write(text.encode() + b"\r\n")
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        answer = line.readline().decode("ascii", "replace").strip()
        # It may print other things in between, and what was typed in.
        if answer.startswith(_ANSWERS) and answer != text:
            return answer
    message = "the board says nothing: is the node running, and is this its line?"
    raise TimeoutError(message)


def settings_of(arguments: list[str]) -> dict[str, object]:
    """Return the settings that are given as `name=value`."""
    found: dict[str, object] = {}
    for each in arguments:
        name, _, value = each.partition("=")
        if value.startswith("@"):
            value = Path(value[1:]).read_text(encoding="utf-8")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def main() -> None:
    """Set up, and show."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with serial.Serial(sys.argv[1], _BAUD, timeout=1) as line:
        given = settings_of(sys.argv[2:])
        if given:
            answer = told(line, json.dumps(given))
            print(answer)  # noqa: T201
            if answer != "ok":
                sys.exit(1)
        shown = json.loads(told(line, "show"))
        print(json.dumps(shown, indent=2))  # noqa: T201
        print("code", shown["code"])  # noqa: T201
        if given:
            told(line, "restart")


if __name__ == "__main__":
    main()
