"""`portal storage`: the engine under the readings."""

import asyncio
from dataclasses import dataclass

import typer

from portal.commands.output import AsJson, answer
from portal.core.database.layout import LAYOUTS
from portal.core.database.timescale.upgrade import Upgraded, Week, upgrade
from portal.core.log import configure_logging
from portal.core.settings import Settings, load_settings
from portal.core.stack import opened_stack

storage_verbs = typer.Typer(help="The storage engine of the readings.", no_args_is_help=True)


@dataclass(frozen=True)
class Answer:
    """What an upgrade answers; `id` is the run mode, as for `portal migrate`."""

    id: str
    engine: str
    timescaledb_version: str
    weeks: int
    readings: int


@storage_verbs.command("upgrade")
def upgrade_storage(as_json: AsJson = False) -> None:
    """Move the readings of a plain database to TimescaleDB; safe to repeat, also after a kill."""
    settings = load_settings()
    configure_logging(as_json=settings.is_production)
    done = asyncio.run(_upgrade(settings))
    words = (
        f"Moved {done.readings} readings of {done.weeks} weeks to TimescaleDB {done.timescaledb_version}."
        if done.weeks
        else f"The readings are in TimescaleDB {done.timescaledb_version} already."
    )
    answer(
        Answer(settings.run_mode, "timescaledb", done.timescaledb_version, done.weeks, done.readings),
        words,
        as_json=as_json,
    )


async def _upgrade(settings: Settings) -> Upgraded:
    async with opened_stack(settings, application_name="portal-upgrade") as stack:
        return await upgrade(stack.db, LAYOUTS[settings.run_mode], _tell)


def _tell(week: Week) -> None:
    typer.echo(
        f"Week {week.position} of {week.weeks}, from {week.week_start_at:%Y-%m-%d}: {week.readings} readings",
        err=True,
    )
