"""The options of `portal import`, in the groups in which its help shows them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from portal.core.readings.rules.figures_in_cells import DecimalMark
from portal.core.readings.rules.nem12 import Estimates
from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.readings.rules.reading_times import DateOrder
from portal.features.readings_import.run import FileFormat

_ANY, _TABLE, _NEM12 = "Any file", "Tables (CSV and Excel)", "NEM12"
QUANTITIES_IN_WORDS = ", ".join(QUANTITY_OF)


class Stamp(StrEnum):
    """Which end of its interval a time names."""

    START = "start"
    END = "end"


File = Annotated[Path, typer.Argument(help="CSV of any separator, .xlsx, or NEM12.")]
Device = Annotated[str, typer.Option(help="The device's external id or its id.", rich_help_panel=_ANY)]
Format = Annotated[
    FileFormat | None, typer.Option("--format", help="Told by the content by default.", rich_help_panel=_ANY)
]
AllowRefused = Annotated[
    bool, typer.Option("--allow-refused", help="Exit 0 although rows were refused.", rich_help_panel=_ANY)
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        help=f"name=quantity, once for each column; quantities are {QUANTITIES_IN_WORDS}, or the API's names"
        " (energyImportedKwh). By default the columns called so.",
        rich_help_panel=_TABLE,
    ),
]
TimeColumns = Annotated[
    list[str] | None,
    typer.Option(help="Column of the time; twice for date and time of day apart.", rich_help_panel=_TABLE),
]
TimeZone = Annotated[
    str | None,
    typer.Option(
        help="IANA zone of times without an offset, like Africa/Johannesburg.", rich_help_panel=_TABLE
    ),
]
Order = Annotated[
    DateOrder | None,
    typer.Option(help="Of dates like 3/2/2026: dmy is 3 February, mdy is 2 March.", rich_help_panel=_TABLE),
]
PerInterval = Annotated[
    bool | None,
    typer.Option(
        "--per-interval/--registers",
        help="Energy columns hold the energy of each interval, or registers that rise. By default registers, and asked"
        " about where they fall row after row.",
        rich_help_panel=_TABLE,
    ),
]
Minutes = Annotated[
    int | None,
    typer.Option(help="Minutes of an interval; found from the rows by default.", rich_help_panel=_TABLE),
]
Stamped = Annotated[
    Stamp, typer.Option(help="Which end of its interval a time names.", rich_help_panel=_TABLE)
]
Separator = Annotated[
    str | None,
    typer.Option(help="Between cells: one of , ; | or tab. Found by default.", rich_help_panel=_TABLE),
]
Mark = Annotated[
    DecimalMark | None, typer.Option(help="What decimals have. Found by default.", rich_help_panel=_TABLE)
]
Sheet = Annotated[
    str | None, typer.Option(help="Sheet of a workbook; the first by default.", rich_help_panel=_TABLE)
]
Meter = Annotated[
    str | None, typer.Option(help="NMI of the meter to take, of several.", rich_help_panel=_NEM12)
]
Channels = Annotated[
    list[str] | None,
    typer.Option(
        help="suffix=quantity, like E2=energyImportedKwh; by default E1 is imported and B1 exported.",
        rich_help_panel=_NEM12,
    ),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(help="Suffix of a channel that need not be stored.", rich_help_panel=_NEM12),
]
TakeEstimates = Annotated[
    Estimates,
    typer.Option(
        help="Intervals of quality E: take marks them as estimates, leave-out leaves a gap.",
        rich_help_panel=_NEM12,
    ),
]
