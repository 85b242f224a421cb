"""What the server itself answers, before any route is asked: the envelope of the API."""

import json
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True)
class ServerRefusal:
    """An answer that ends its connection."""

    status: HTTPStatus
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def encoded(self) -> bytes:
        """Return the whole answer as it goes over the wire."""
        body = json.dumps({"error": {"code": self.code, "message": self.message}}).encode()
        headers = (
            *self.headers,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        )
        first = f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n".encode()
        return first + b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n" + body


MALFORMED = ServerRefusal(HTTPStatus.BAD_REQUEST, "invalid", "This is not an HTTP request.")
TINY_CHUNKS = ServerRefusal(HTTPStatus.BAD_REQUEST, "invalid", "The body's chunks are too small.")
LONG_TARGET = ServerRefusal(HTTPStatus.REQUEST_URI_TOO_LONG, "uri_too_long", "The address is too long.")
LARGE_HEAD = ServerRefusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "The request's headers are too large."
)
SLOW_HEAD = ServerRefusal(
    HTTPStatus.REQUEST_TIMEOUT, "timeout", "The request's headers did not arrive in time."
)
SLOW_BODY = ServerRefusal(HTTPStatus.REQUEST_TIMEOUT, "timeout", "The body did not arrive in time.")
STOPPING = ServerRefusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "The service is being stopped; try again.",
    ((b"retry-after", b"5"),),
)
FULL = ServerRefusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "Too many pages are open just now; try again.",
    ((b"retry-after", b"5"),),
)
