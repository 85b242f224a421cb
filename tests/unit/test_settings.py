"""Settings: names, defaults, secrets from files, and the start guards."""

from pathlib import Path

import pytest

from portal.core.connection_strings import configured_dsn, parse_connection_string
from portal.core.errors import Misconfigured
from portal.core.settings import RunMode, check_start, load_settings

SECRET = "s3cret-pa55"


def test_defaults_are_a_client_that_pushes_nothing() -> None:
    settings = load_settings({})
    assert settings.run_mode is RunMode.CLIENT
    assert not settings.fleet_ingest.enabled
    assert settings.may_embed_database
    check_start(settings)


def test_names_are_case_insensitive_and_the_full_form_wins() -> None:
    assert load_settings({"runmode": "Admin"}).run_mode is RunMode.ADMIN
    both = {"RunMode": "Admin", "application__RUNMODE": "Client"}
    assert load_settings(both).run_mode is RunMode.CLIENT


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a" * 64 + "\n")
    settings = load_settings({"FleetIngest__Token_FILE": str(file)})
    assert settings.fleet_ingest.token.get_secret_value() == "a" * 64
    with pytest.raises(Misconfigured, match="FleetIngest__Token_FILE"):
        load_settings({"FleetIngest__Token_FILE": str(tmp_path / "missing")})


def test_the_env_file_gives_way_to_the_environment(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("Application__Name=From the file\nBilling__Currency=EUR\n")
    settings = load_settings({"Application__Name": "From outside"}, file)
    assert (settings.application.name, settings.billing.currency) == ("From outside", "EUR")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FleetIngest__BatchSize", "many"),
        ("Application__RunMode", "Both"),
        ("Application__TimeZone", "Mars/Olympus"),
        ("Billing__Currency", "rand"),
    ],
)
def test_a_wrong_value_names_its_setting(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        load_settings({name: value})


DSN = {"Database__ConnectionString": "postgresql://localhost/x"}


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"RunMode": "Admin"}, "Database__ConnectionString"),
        ({"FleetIngest__Enabled": "true", "FleetIngest__Token": SECRET}, "FleetIngest__Url"),
        ({"FleetIngest__Enabled": "true", "FleetIngest__Url": "https://a.example"}, "FleetIngest__Token"),
        ({"Application__Environment": "Production", **DSN}, "DefaultAdminPassword"),
        (
            {
                "Application__Environment": "Production",
                "Authentication__DefaultAdminPassword": SECRET,
                "Database__AutoProvisionLocal": "true",
                **DSN,
            },
            "AutoProvisionLocal",
        ),
    ],
)
def test_a_start_that_cannot_work_is_refused_in_one_line(environment: dict[str, str], words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as refused:
        check_start(load_settings(environment))
    assert "\n" not in refused.value.message
    assert SECRET not in refused.value.message


def test_the_connection_comes_from_the_string_then_the_parts_then_nowhere() -> None:
    parts = {
        "Database__Host": "db",
        "Database__Name": "p",
        "Database__Username": "u",
        "Database__Password": SECRET,
    }
    assert configured_dsn(load_settings({**parts, **DSN})) == "postgresql+asyncpg://localhost/x"
    assert configured_dsn(load_settings(parts)) == f"postgresql+asyncpg://u:{SECRET}@db:5432/p"
    assert configured_dsn(load_settings({})) is None


def test_only_a_client_in_development_may_embed_its_database() -> None:
    assert not load_settings({"RunMode": "Admin"}).may_embed_database
    assert not load_settings({"Application__Environment": "Production"}).may_embed_database
    assert not load_settings({"Database__AutoProvisionLocal": "false"}).may_embed_database


@pytest.mark.parametrize(
    ("given", "dsn"),
    [
        ("Host=h;Port=5433;Database=d;Username=u;Password=p@w", "postgresql+asyncpg://u:p%40w@h:5433/d"),
        ("host=h; database=d", "postgresql+asyncpg://h:5432/d"),
        ("postgres://u@h/d", "postgresql+asyncpg://u@h/d"),
    ],
)
def test_both_forms_of_a_connection_string_are_understood(given: str, dsn: str) -> None:
    assert parse_connection_string(given) == dsn


@pytest.mark.parametrize(
    "given",
    [f"mysql://u:{SECRET}@h/d", f"Host=h;Pasword={SECRET};Database=d", "Host=h", "Host=h;Port=x;Database=d"],
)
def test_a_wrong_connection_string_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        parse_connection_string(given)
    assert SECRET not in refused.value.message


def test_secrets_do_not_show() -> None:
    settings = load_settings(
        {"FleetIngest__Token": SECRET, "Database__ConnectionString": f"postgresql://u:{SECRET}@h/d"}
    )
    assert SECRET not in repr(settings)
