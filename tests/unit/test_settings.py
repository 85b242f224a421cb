"""Settings: names, defaults, secrets from files, and the start guards."""

from pathlib import Path

import pytest

from portal.core.database.connection_strings import configured_dsn, parse_connection_string
from portal.core.errors import Misconfigured
from portal.core.settings import RunMode, Settings, check_start, load_settings, setting_names

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


def test_the_environment_comes_before_the_env_file_in_whatever_form(tmp_path: Path) -> None:
    file, token = tmp_path / ".env", tmp_path / "token"
    token.write_text("b" * 64)
    file.write_text(f"Application__RunMode=Client\nFleetIngest__Token={'a' * 64}\n")
    settings = load_settings({"RunMode": "Admin", "FleetIngest__Token_FILE": str(token)}, file)
    assert settings.run_mode is RunMode.ADMIN
    assert settings.fleet_ingest.token.get_secret_value() == "b" * 64


def test_a_file_nobody_needs_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("FleetIngest__Token_FILE=/nowhere/at/all\n")
    assert load_settings({"FleetIngest__Token": SECRET}, file).fleet_ingest.token.get_secret_value() == SECRET


def test_a_file_that_is_no_text_is_refused_in_one_line(tmp_path: Path) -> None:
    (file := tmp_path / "wrong").write_bytes(b"Application__Name=\xff\n")
    for given in ({"FleetIngest__Token_FILE": str(file)}, None):
        with pytest.raises(Misconfigured, match="UTF-8"):
            load_settings(given or {}, None if given else file)


@pytest.mark.parametrize(
    "line",
    [
        "Application__TrustedProxyHops: 1",
        "Application__TrustedProxyHops",
        "RunMode",
        'Application__Name="unclosed',
    ],
)
def test_a_line_that_sets_nothing_ends_the_start(tmp_path: Path, line: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"Billing__Currency=EUR\n{line}\n")
    with pytest.raises(Misconfigured, match="Line 2 of"):
        load_settings({}, file)


@pytest.mark.parametrize("line", ["PATH", "LANG: C", "COMPOSE_FILE"])
def test_lines_of_other_programs_are_passed_over(tmp_path: Path, line: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{line}\nBilling__Currency=EUR\n")
    assert load_settings({}, file).billing.currency == "EUR"


def test_a_value_stands_as_it_is_written(tmp_path: Path) -> None:
    file, token = tmp_path / ".env", tmp_path / "token"
    token.write_bytes(f"\ufeff{SECRET}\r\n".encode())
    file.write_bytes(
        f"\ufeffFleetIngest__Token_FILE={token}\nApplication__Name=pa#ss$HOME${{HOME}}%x\n".encode()
    )
    settings = load_settings({}, file)
    assert settings.application.name == "pa#ss$HOME${HOME}%x"
    assert settings.fleet_ingest.token.get_secret_value() == SECRET
    token.write_bytes(b"to\0ken")
    with pytest.raises(Misconfigured, match="NUL"):
        load_settings({}, file)


def test_what_is_made_by_hand_reads_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("Application__Name", "From outside")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("Billing__Currency=EUR\n")
    made = Settings()
    assert (made.application.name, made.billing.currency) == ("Energy portal", "ZAR")
    read = load_settings()
    assert (read.application.name, read.billing.currency) == ("From outside", "EUR")
    assert read.storage.data_directory == tmp_path / "data"


# What takes any text.
FREE = {
    *("Application__Name", "Application__PublicUrl", "Storage__DataDirectory", "Backup__Directory"),
    *("Authentication__DefaultAdminEmail", "Authentication__DefaultAdminPassword"),
    *("Database__ConnectionString", "Database__Host", "Database__Name", "Database__Username"),
    *("Database__Password", "FleetIngest__Url", "FleetIngest__Token"),
    *("Grafana__ReaderName", "Grafana__ReaderPassword"),
    *("Mail__Host", "Mail__Username", "Mail__Password"),
    *("SingleSignOn__ClientId", "SingleSignOn__ClientSecret", "SingleSignOn__Label"),
    *("SingleSignOn__GroupsClaim", "SingleSignOn__AdminGroups", "SingleSignOn__UserGroups"),
    "SingleSignOn__CustomerGroupPrefix",
}


@pytest.mark.parametrize("name", sorted(setting_names() - FREE))
def test_a_wrong_value_names_its_setting_and_is_not_repeated(name: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        load_settings({name: "hidden nonsense"})
    assert refused.value.message.startswith(f"{name}: ")
    assert "\n" not in refused.value.message
    assert "hidden" not in refused.value.message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("Application__RunMod", "Application__RunMode"),
        ("application__public_url", "Application__PublicUrl"),
        ("FleetIngest__Tokn_FILE", "FleetIngest__Token_FILE"),
        ("RateLimit__Devices", "RateLimit__DevicePerMinute"),
        ("Database__Hosts", "Database__Host"),
    ],
)
def test_a_field_that_its_section_does_not_have_is_refused_with_the_nearest(
    given: str, words: str, tmp_path: Path
) -> None:
    (file := tmp_path / ".env").write_text(f"{given}={SECRET}\n")
    for environ in ({given: SECRET}, None):
        with pytest.raises(Misconfigured) as refused:
            load_settings(environ or {}, None if environ else file)
        assert refused.value.message.startswith(f"{given} in ")
        assert refused.value.message.endswith(f"the nearest is {words}.")
        assert SECRET not in refused.value.message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("Aplication__RunMode", "Application__RunMode"),
        ("Fleet__Token", "FleetIngest__Token"),
        ("FLEET_INGEST__TOKEN_FILE", "FleetIngest__Token_FILE"),
    ],
)
def test_a_misspelt_section_is_refused_in_the_env_file_and_said_of_the_environment(
    given: str, words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (file := tmp_path / ".env").write_text(f"{given}={SECRET}\n")
    with pytest.raises(Misconfigured, match=f"^{given} in .* the nearest is {words}.$"):
        load_settings({}, file)
    assert load_settings({given: SECRET}) == load_settings({})
    [said] = [record.getMessage() for record in caplog.records]
    assert said == f"{given} in the environment is not a setting; the nearest is {words}."


# The last three are whole sections to a reader that takes their values for JSON.
OTHERS = (
    *("GF_SECURITY_ADMIN_PASSWORD__FILE", "Logging__LogLevel__Default", "Kestrel__Endpoints__Http__Url"),
    *("__CF_USER_TEXT_ENCODING", "AIRFLOW__CORE__SQL_ALCHEMY_CONN", "X__", "DATABASE", "Storage", "metrics"),
)


@pytest.mark.parametrize("name", OTHERS)
def test_names_of_other_programs_are_passed_over(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (file := tmp_path / ".env").write_text(f"{name}=something\n")
    assert load_settings({name: "{something"}, file) == load_settings({})
    assert not caplog.records


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
