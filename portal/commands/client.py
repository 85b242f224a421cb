"""The verbs of a Client stack: municipalities, tariffs, sites, devices."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from portal.commands.json_files import json_in
from portal.commands.output import AsJson, Cursor, Limit, answer, answer_page, page_asked
from portal.commands.session import with_stack
from portal.core.settings import RunMode
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.sites.rules.rated_power import rated_kw_given
from portal.core.sites.service import devices, sites
from portal.core.sites.service.devices import StoredDevice
from portal.core.sites.service.sites import StoredSite
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from portal.core.tariffs.service.tariff_imports import TariffImport
from portal.core.tariffs.service.tariffs import StoredTariff
from portal.core.values.pages import Page
from portal.core.values.time import iso_utc

municipality_verbs = typer.Typer(
    help="Whose tariffs apply, and in which time zone (Client).", no_args_is_help=True
)
tariff_verbs = typer.Typer(help="Time-of-use tariffs (Client).", no_args_is_help=True)
site_verbs = typer.Typer(help="Places with meters (Client).", no_args_is_help=True)
device_verbs = typer.Typer(help="Meters and their tokens (Client).", no_args_is_help=True)


@municipality_verbs.command("add")
def add_municipality(
    name: str,
    time_zone: Annotated[str, typer.Option(help="IANA name, such as Africa/Johannesburg.")],
    as_json: AsJson = False,
) -> None:
    """Add a municipality."""
    made = with_stack(
        lambda stack: municipalities.add_municipality(stack, name, time_zone), mode=RunMode.CLIENT
    )
    answer(made, f"Added municipality {made.name} ({made.time_zone_id}).", as_json=as_json)


@municipality_verbs.command("list")
def list_municipalities(limit: Limit = None, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List municipalities by name."""
    asked = page_asked(limit, cursor, 1)
    page = with_stack(lambda stack: municipalities.page_of_municipalities(stack, asked), mode=RunMode.CLIENT)
    answer_page(
        "municipalities", page, lambda line: f"{line.id}: {line.name}, {line.time_zone_id}", as_json=as_json
    )


@tariff_verbs.command("list")
def list_tariffs(limit: Limit = None, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List tariffs by municipality and first day; with --json in the shape that `portal tariff import` takes."""
    asked = page_asked(limit, cursor, 3)
    page = with_stack(lambda stack: tariffs.page_of_tariffs(stack, asked), mode=RunMode.CLIENT)
    shown = Page(tuple(each.wire() for each in page.items), page.next) if as_json else page
    answer_page("tariffs", shown, _tariff_in_words, as_json=as_json)


def _tariff_in_words(stored: StoredTariff) -> str:
    tariff = stored.tariff
    until = f" to {tariff.effective_to}" if tariff.effective_to else ""
    state = "" if tariff.is_active else ", inactive"
    return f"{tariff.id}: {tariff.name} of {stored.municipality} from {tariff.effective_from}{until}{state}"


@tariff_verbs.command("import")
def import_tariffs(
    file: Path,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check it and store nothing.")] = False,
    confirm_negative: Annotated[
        bool, typer.Option("--confirm-negative-rates", help="Rates below zero are meant.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import the tariffs of a JSON file, all or none; every mistake is named at once."""
    raw = json_in(file)
    made = with_stack(
        lambda stack: tariff_imports.import_tariffs(
            stack, raw, dry_run=dry_run, is_confirmed=confirm_negative
        ),
        mode=RunMode.CLIENT,
    )
    result = {
        "id": made.tariffs[0].id if made.tariffs else None,
        "dryRun": dry_run,
        "imported": 0 if dry_run else len(made.tariffs),
        "tariffs": made.tariffs,
        "uncovered": made.uncovered,
    }
    answer(result, _import_in_words(made, dry_run=dry_run), as_json=as_json)


def _import_in_words(made: TariffImport, *, dry_run: bool) -> str:
    if not made.tariffs:
        return "The file holds no tariff."
    verbs = ("Would import", "Would replace") if dry_run else ("Imported", "Replaced")
    lines = [
        f"{verbs[each.replaced]} {each.name} of {each.municipality} from {each.effective_from}"
        f" with {each.period_count} periods."
        for each in made.tariffs
    ]
    for run in made.uncovered:
        days = f"{run.first} to {run.last}" if run.last else f"{run.first} and later"
        lines.append(f"Note: no active tariff of {run.municipality} covers {days}.")
    return "\n".join([*lines, *(["Nothing was stored."] if dry_run else [])])


@site_verbs.command("add")
def add_site(
    name: str,
    municipality: Annotated[str | None, typer.Option(help="Name of a municipality added before.")] = None,
    address: Annotated[str, typer.Option()] = "",
    as_json: AsJson = False,
) -> None:
    """Add a site."""
    made = with_stack(
        lambda stack: sites.add_site(stack, name, address=address, municipality=municipality),
        mode=RunMode.CLIENT,
    )
    answer({"id": made.id, "name": made.name}, f"Added site {made.name}.", as_json=as_json)


@site_verbs.command("list")
def list_sites(limit: Limit = None, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List sites by name."""
    asked = page_asked(limit, cursor, 1)
    page, _ = with_stack(lambda stack: sites.page_of_sites(stack, asked), mode=RunMode.CLIENT)
    answer_page("sites", page, _site_in_words, as_json=as_json)


def _site_in_words(site: StoredSite) -> str:
    return f"{site.name}: {site.municipality or 'no municipality'}{'' if site.is_active else ', inactive'}"


@device_verbs.command("list")
def list_devices(limit: Limit = None, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List devices by site and name, with when each was last read."""
    asked = page_asked(limit, cursor, 3)
    page = with_stack(lambda stack: devices.page_of_devices(stack, asked), mode=RunMode.CLIENT)
    answer_page("devices", page, _device_in_words, as_json=as_json)


def _device_in_words(device: StoredDevice) -> str:
    read = f"last reading {iso_utc(device.last_reading_at)}" if device.last_reading_at else "no reading yet"
    state = "" if device.is_active else ", inactive"
    kind = "" if device.kind is DeviceKind.BULK else f", {device.kind.value} meter"
    return f"{device.external_id}: {device.name} at {device.site_name}{kind}, {read}{state}"


@device_verbs.command("add")
def add_device(
    name: str,
    site: Annotated[str, typer.Option(help="Name of the site it stands at.")],
    external_id: Annotated[str, typer.Option(help="What the meter is called in the field.")],
    description: Annotated[str, typer.Option()] = "",
    max_power_kw: Annotated[
        str | None, typer.Option(help="Rated power; readings beyond it are doubted.")
    ] = None,
    ct_primary_a: Annotated[
        str | None, typer.Option(help="In place of it, the primary current of the CTs in A ...")
    ] = None,
    nominal_voltage_v: Annotated[
        str | None, typer.Option(help="... and the nominal voltage between two phases in V.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a device; its token is shown once."""
    rated = rated_kw_given(max_power_kw, ct_primary_a, nominal_voltage_v)
    issued = with_stack(
        lambda stack: devices.add_device(
            stack, name, site=site, external_id=external_id, description=description, max_power_kw=rated
        ),
        mode=RunMode.CLIENT,
    )
    answer(
        issued,
        f"Added {issued.name} ({issued.id}), {_rated_in_words(rated)}. Its token, shown only now:\n{issued.token}",
        as_json=as_json,
    )


def _rated_in_words(power_kw: Decimal | None) -> str:
    if power_kw is None:
        return "its rated power not known: what is possible is learned from its readings"
    return f"rated at {power_kw.normalize():f} kW"


@device_verbs.command("rotate")
def rotate_token(
    external_id: str,
    grace_hours: Annotated[float, typer.Option(help="How long the old token stays valid.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Give a device a new token, shown once; the old one ends at once, or after the grace."""
    issued = with_stack(
        lambda stack: devices.rotate_device_token(stack, external_id.strip(), grace_hours=grace_hours),
        mode=RunMode.CLIENT,
    )
    answer(
        issued,
        f"{issued.name} ({issued.id}) has a new token, shown only now:\n{issued.token}",
        as_json=as_json,
    )
