"""Mail by the SMTP server of the settings."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid
from html import escape
from typing import TYPE_CHECKING

from portal.core.errors import Undelivered
from portal.core.setting_sections import MailSecurity
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.core.setting_sections import MailSettings

_SECONDS = 20.0
_NO_SERVER = noted("Mail is not set up: Mail__Host names no server.")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Letterhead:
    """How a mail looks: the product's name, and the brand's colour as #rrggbb."""

    name: str
    color: str


def require_mail(settings: MailSettings) -> None:
    """Raise `Undelivered` where no server is named."""
    if not settings.host:
        raise Undelivered(_NO_SERVER)


async def send_mail(
    settings: MailSettings,
    addresses: Sequence[str],
    title: str,
    text: str,
    letterhead: Letterhead,
    attachments: Sequence[Attachment] = (),
) -> None:
    """Send one mail to all addresses, which do not see each other. Raises `Undelivered`.

    Each address is in no header, so that a list of people stays with whoever keeps it.
    """
    require_mail(settings)
    message = _message(settings, title, text, letterhead, attachments)
    await asyncio.to_thread(_send, settings, list(addresses), message)


def _message(
    settings: MailSettings, title: str, text: str, letterhead: Letterhead, attachments: Sequence[Attachment]
) -> EmailMessage:
    sender = settings.sender or settings.username
    message = EmailMessage()
    message["Subject"] = " ".join(title.split())
    message["From"] = formataddr((letterhead.name, sender))
    message["To"] = "undisclosed-recipients:;"
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or None)
    # Nobody's out-of-office note answers it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(_html(title, text, letterhead), subtype="html")
    for each in attachments:
        main, _, sub = each.media_type.partition("/")
        message.add_attachment(each.content, maintype=main, subtype=sub, filename=each.name)
    return message


def _html(title: str, text: str, letterhead: Letterhead) -> str:
    lines = "".join(f"<p style='margin:0 0 10px'>{_linked(line)}</p>" for line in text.splitlines() if line)
    return (
        "<div style='font:15px/1.5 system-ui,sans-serif;max-width:600px;color:#1c2024'>"
        f"<div style='border-top:4px solid {escape(letterhead.color)};padding:16px 0;font-weight:600'>"
        f"{escape(letterhead.name)}</div><h1 style='font-size:18px;margin:0 0 14px'>{escape(title)}</h1>"
        f"{lines}</div>"
    )


def _linked(line: str) -> str:
    shown = escape(line)
    return f"<a href='{shown}'>{shown}</a>" if line.startswith(("https://", "http://")) else shown


def _send(settings: MailSettings, addresses: list[str], message: EmailMessage) -> None:
    try:
        server = _connected(settings)
        try:
            if settings.username:
                server.login(settings.username, settings.password.get_secret_value())
            refused = server.send_message(message, settings.sender or settings.username, addresses)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Undelivered(_reason(error)) from None
    if refused:
        message_ = say(
            "The mail server refused {refused} of {addresses} addresses",
            refused=len(refused),
            addresses=len(addresses),
        )
        raise Undelivered(message_)


def _connected(settings: MailSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.security is MailSecurity.TLS:
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=_SECONDS, context=context)
    server = smtplib.SMTP(settings.host, settings.port, timeout=_SECONDS)
    if settings.security is MailSecurity.STARTTLS:
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


# More special ones first: several are OSErrors.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, "The mail server does not take the user name and password"),
    (smtplib.SMTPRecipientsRefused, "The mail server takes none of the addresses"),
    (smtplib.SMTPNotSupportedError, "The mail server offers no STARTTLS, or no log-in: see Mail__Security"),
    (smtplib.SMTPResponseException, "The mail server refused the mail"),
    (smtplib.SMTPException, "The mail server ended the conversation"),
    (ssl.SSLError, "The mail server's certificate is not trusted, or it speaks no TLS on this port"),
    (TimeoutError, "The mail server does not answer"),
    (OSError, "The mail server cannot be reached"),
)


def _reason(error: Exception) -> str:
    """Return why a mail did not go, without what the server repeats of it."""
    words = next(
        (words for kind, words in _REASONS if isinstance(error, kind)), "The mail could not be written"
    )
    code = getattr(error, "smtp_code", None)
    return words if code is None else f"{words} (it answered {code})"
