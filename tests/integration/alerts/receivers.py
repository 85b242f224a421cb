"""A mail server and a webhook's receiver on this machine, which keep what they are sent."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from tests.ports import free_port

USER, PASSWORD = "portal@example.com", "of-the-mail-server"


@dataclass
class Mailbox:
    """What a mail server was given: to whom, and what; `refuses` is its answer where it takes none."""

    port: int = 0
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuses: str = ""

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuses:
            return self.refuses
        content = envelope.content
        assert isinstance(content, bytes)
        message = BytesParser(_class=EmailMessage, policy=default).parsebytes(content)
        self.mails.append((list(envelope.rcpt_tos), message))
        return "250 taken"

    @property
    def titles(self) -> list[str]:
        return [str(message["Subject"]) for _, message in self.mails]


def _check(server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    is_known = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=is_known, handled=False)


@contextmanager
def mail_server(*, tls: ssl.SSLContext | None = None, wants_login: bool = False) -> Iterator[Mailbox]:
    """A real SMTP server on loopback; with `tls` it offers STARTTLS and takes nothing without."""
    box = Mailbox(port=free_port())
    log_in: dict[str, Any] = (
        {
            "authenticator": _check,
            "auth_required": True,
            "auth_require_tls": tls is not None,
            "auth_exclude_mechanism": ["LOGIN"],
        }
        if wants_login
        else {}
    )
    controller = Controller(
        box, hostname="127.0.0.1", port=box.port, tls_context=tls, require_starttls=tls is not None, **log_in
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Hook:
    """What was posted to a webhook; `status` is what it answers."""

    url: str = ""
    status: int = 204
    posts: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def webhook() -> Iterator[Hook]:
    """A receiver on loopback, at an address with a secret in it."""
    hook = Hook()

    class _Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posts.append({"path": self.path, **json.loads(body)})
            self.send_response(hook.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    hook.url = f"http://127.0.0.1:{server.server_port}/hooks/{PASSWORD}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
