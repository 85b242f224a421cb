"""Mail by a real SMTP server: TLS, log-in, and reasons in words that hold no secret."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from portal.core.delivery.mail import Attachment, Letterhead, send_mail
from portal.core.errors import Undelivered
from portal.core.setting_sections import MailSecurity, MailSettings
from tests.integration.alerts.receivers import PASSWORD, USER, Mailbox, mail_server
from tests.integration.alerts.self_signed import certificate

_HEAD = Letterhead("Harbour & Sons", "#0b6e99")


def _settings(
    box: Mailbox, security: MailSecurity = MailSecurity.NONE, password: str = PASSWORD
) -> MailSettings:
    return MailSettings(
        host="localhost",
        port=box.port,
        security=security,
        username=USER if password else "",
        password=SecretStr(password),
        sender="energy@example.com",
    )


async def test_a_mail_has_text_html_and_its_file() -> None:
    with mail_server() as box:
        report = Attachment("report.pdf", "application/pdf", b"%PDF-1.7")
        await send_mail(
            _settings(box, password=""),
            ["a@example.com"],
            "A <title>",
            "Line & one\nhttps://x.example/",
            _HEAD,
            [report],
        )
    [(_, found)] = box.mails
    assert found["From"] == "Harbour & Sons <energy@example.com>"
    assert found["Auto-Submitted"] == "auto-generated"
    html = found.get_body(("html",))
    assert html is not None
    assert "A &lt;title&gt;" in html.get_content()
    assert "<a href='https://x.example/'>" in html.get_content()
    [file] = found.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("report.pdf", b"%PDF-1.7")


async def test_with_starttls_and_a_log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = certificate(tmp_path)
    with mail_server(tls=context, wants_login=True) as box:
        with pytest.raises(Undelivered) as untrusted:
            await send_mail(_settings(box, MailSecurity.STARTTLS), ["a@example.com"], "T", "x", _HEAD)
        assert "certificate is not trusted" in untrusted.value.message
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        await send_mail(_settings(box, MailSecurity.STARTTLS), ["a@example.com"], "T", "x", _HEAD)
        with pytest.raises(Undelivered) as refused:
            await send_mail(
                _settings(box, MailSecurity.STARTTLS, "hidden"), ["a@example.com"], "T", "x", _HEAD
            )
    assert refused.value.message == (
        "The mail server does not take the user name and password (it answered 535)"
    )
    assert len(box.mails) == 1


async def test_a_server_without_tls_is_not_told_a_password() -> None:
    with mail_server() as box, pytest.raises(Undelivered) as refused:
        await send_mail(_settings(box, MailSecurity.STARTTLS), ["a@example.com"], "T", "x", _HEAD)
    assert "offers no STARTTLS" in refused.value.message


async def test_no_server() -> None:
    with pytest.raises(Undelivered, match="Mail__Host"):
        await send_mail(MailSettings(), ["a@example.com"], "T", "x", _HEAD)
    box = Mailbox(port=1)
    with pytest.raises(Undelivered, match="cannot be reached"):
        await send_mail(_settings(box), ["a@example.com"], "T", "x", _HEAD)
