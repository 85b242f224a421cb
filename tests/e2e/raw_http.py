"""HTTP as it is on the wire: what a socket is sent, byte for byte."""

import socket
from contextlib import closing
from urllib.parse import urlsplit

PATIENCE_S = 60


def connected(url: str) -> socket.socket:
    """A connection that has said nothing yet."""
    address = urlsplit(url)
    return socket.create_connection((str(address.hostname), address.port), timeout=PATIENCE_S)


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as a board writes it."""
    length = [f"Content-Length: {len(body)}"] if body or method == "POST" else []
    lines = [f"{method} {path} HTTP/1.1", "Host: stack.example", *headers, *length]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def until_closed(open_socket: socket.socket) -> bytes:
    """Everything that is sent until the other side closes; a reset is an end as well."""
    found = b""
    try:
        while piece := open_socket.recv(65_536):
            found += piece
    except ConnectionError:
        pass
    return found


def exchange(url: str, sent: bytes) -> tuple[bytes, bytes]:
    """Send a whole request and return the answer's head, with the empty line that ends it, and its body."""
    with closing(connected(url)) as wire:
        wire.sendall(sent.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        head, end, body = until_closed(wire).partition(b"\r\n\r\n")
    return head + end, body
