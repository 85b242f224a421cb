"""Stands in for curl where the machine has none: the options that the documents use, and no others."""

import argparse
import sys
from pathlib import Path

import httpx


def _body(given: str | None) -> bytes | None:
    if given is None:
        return None
    if given == "@-":
        return sys.stdin.buffer.read()
    return Path(given[1:]).read_bytes() if given.startswith("@") else given.encode()


def main() -> int:
    options = argparse.ArgumentParser(prog="curl")
    for flag in ("-s", "-S", "-f", "--compressed"):
        options.add_argument(flag, action="store_true")
    options.add_argument("-H", action="append", default=[])
    options.add_argument("-X")
    options.add_argument("-D")
    options.add_argument("-o")
    options.add_argument("-d", "--data-binary", dest="d")
    options.add_argument("url")
    asked = options.parse_args()
    headers = {"Accept-Encoding": "gzip" if asked.compressed else "identity"}
    headers |= {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in asked.H)}
    body = _body(asked.d)
    method = asked.X or ("GET" if body is None else "POST")
    answer = httpx.request(method, asked.url, headers=headers, content=body, timeout=60)
    if asked.D == "-":
        sys.stdout.write("".join(f"{name}: {value}\r\n" for name, value in answer.headers.items()))
    if asked.f and answer.status_code >= 400:
        sys.stderr.write(
            f"curl: (22) The requested URL returned error: {answer.status_code}\n{answer.text}\n"
        )
        return 22
    if asked.o:
        Path(asked.o).write_bytes(answer.content)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(answer.content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
