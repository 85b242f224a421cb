"""What the Settings pages say."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import SecretStr

from portal.core.access import Role
from portal.core.audit.service import AuditEvent
from portal.core.identity.service.accounts import PasswordLink, UserLine
from portal.core.settings import Settings, load_settings
from portal.features.settings.account.view import agent_words
from portal.features.settings.app_config.view import facts
from portal.features.settings.audit.view import action_words, who
from portal.features.settings.branding.view import line_contrasts, text_contrasts
from portal.features.settings.users.view import build_rows, link_address

NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)
SECRET = "s3cret-pa55-7731"


def _filled(mode: str) -> Settings:
    """Settings in which every secret there is, today or later, holds the same word."""
    settings = load_settings({"Application__RunMode": mode})
    sections = {}
    for section in Settings.model_fields:
        values = getattr(settings, section)
        secrets = {
            name: SecretStr(SECRET)
            for name in type(values).model_fields
            if isinstance(getattr(values, name), SecretStr)
        }
        sections[section] = values.model_copy(update=secrets)
    return settings.model_copy(update=sections)


@pytest.mark.parametrize("mode", ["Client", "Admin"])
def test_app_config_starts_with_the_run_mode_and_holds_no_secret(mode: str) -> None:
    settings = _filled(mode)
    assert settings.fleet_ingest.token.get_secret_value() == SECRET
    shown = facts(settings)
    assert shown[0] == {"name": "Application__RunMode", "value": mode}
    assert not any(SECRET in fact["value"] or "*" in fact["value"] for fact in shown)
    assert {"name": "Application__AllowedOrigins", "value": "none"} in shown
    assert not any("password" in fact["name"].lower() or "token" in fact["name"].lower() for fact in shown)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.9", "curl"),
        ("", "Unknown program"),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent: str, words: str) -> None:
    assert agent_words(agent) == words


def test_who_acted_is_never_left_open() -> None:
    event = AuditEvent(1, NOW, "api_key.issued", "api_key", "reporting", "", "x", "")
    assert who(event) == "API key reporting"
    assert (
        who(AuditEvent(1, NOW, "login.failed", "anonymous", "bob@example.com", "", "", ""))
        == "Somebody not signed in"
    )
    commands = ("bob (command line)", "bob (command line)"), ("command line", "Command line")
    for name, words in commands:  # earlier releases named no account
        assert who(AuditEvent(1, NOW, "site.added", "command", name, "", "Yard", "")) == words
    assert action_words("login.failed") == "Log-in failed"
    assert action_words("site.moved_away") == "Site: moved away"


def test_a_person_without_a_password_and_one_deactivated_are_told_apart() -> None:
    def line(*, is_active: bool, has_password: bool) -> UserLine:
        return UserLine(UUID(int=1), "bob@example.com", Role.USER, is_active, has_password, False, None, None)

    lines = [line(is_active=True, has_password=False), line(is_active=False, has_password=True)]
    assert [row["status"] for row in build_rows(lines, NOW, "UTC")] == ["No password yet", "Deactivated"]


def test_a_link_leads_to_the_public_address_where_there_is_one() -> None:
    link = PasswordLink(UUID(int=1), "bob@example.com", "abc", NOW)
    assert (
        link_address(link, "https://acme.example/", "http://10.0.0.1")
        == "https://acme.example/set-password?token=abc"
    )
    assert link_address(link, "", "http://10.0.0.1") == "http://10.0.0.1/set-password?token=abc"


def test_a_poor_colour_is_named_and_what_pages_make_of_it_is_enough() -> None:
    light, dark = line_contrasts("#ffd400")
    assert (light["is_enough"], dark["is_enough"]) == (False, True)
    assert "so pages use a shade with" in light["words"]
    assert all(line["is_enough"] for line in text_contrasts("#1f5fd6"))
    assert text_contrasts("javascript:") == []
