"""What the page of charts shows as files: a table of numbers, and the picture of its lines."""

import csv
from io import StringIO

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.client.dashboards.address import PARAMETERS, chosen_in
from portal.client.dashboards.picture import picture
from portal.client.dashboards.reading import ChartChoice, choice_of, read_charts
from portal.client.dashboards.view import build_charts
from portal.client.dashboards.words import span_in_words
from portal.core.brand import service as brand
from portal.core.errors import NotFound
from portal.core.stack import Stack, current
from portal.core.values.texts import is_formula, shown_text
from portal.core.values.time import iso_utc
from portal.web.http.downloads import guarded_download, is_machine


async def csv_of(stack: Stack, choice: ChartChoice, *, for_machine: bool = False) -> bytes:
    """The buckets that hold readings as CSV in UTF-8: a row is a bucket of a meter, a column a quantity.

    For people there is a mark in front that makes spreadsheets read UTF-8 as such.
    """
    read = await read_charts(stack, choice)
    text = StringIO()
    writer = csv.writer(text)
    named = [f"{each.words} ({each.unit})" if each.unit else each.words for each in read.quantities]
    writer.writerow(("From (UTC)", "From (local)", "Seconds", "Meter", "Site", "Readings", *named))
    seconds = round(read.history.width.total_seconds())
    for each in read.history.meters:
        names = (_plain(each.meter.name), _plain(each.meter.site_name))
        for bucket in each.buckets:
            local = f"{bucket.at.astimezone(choice.zone):%Y-%m-%d %H:%M:%S}"
            values = map(_figure, bucket.values)
            writer.writerow((iso_utc(bucket.at), local, seconds, *names, bucket.sample_count, *values))
    return text.getvalue().encode("utf-8" if for_machine else "utf-8-sig")


async def picture_of(stack: Stack, choice: ChartChoice) -> bytes:
    """The lines that are shown, as SVG."""
    read = await read_charts(stack, choice)
    is_zoomed = choice.chosen.zoom is not None
    drawn = build_charts(read, choice.zone, stack.clock(), is_zoomed=is_zoomed)
    named = ", ".join(name for _, name, _ in choice.named)
    words = span_in_words(choice.span, choice.zone, choice.chosen.span_name, is_zoomed=is_zoomed)
    branded = await brand.get_brand(stack)
    return picture(drawn, named, f"{words} \u00b7 {branded.product_name}", branded.accent_color)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


def _plain(text: str) -> str:
    shown = shown_text(text)
    return f"'{shown}" if is_formula(text) or is_formula(shown) else shown


async def _readings(request: Request) -> Response:
    stack, kind = current(), request.path_params["kind"]
    choice = await choice_of(stack, chosen_in(request.query_params))
    if kind == "svg":
        body, media_type = await picture_of(stack, choice), "image/svg+xml"
    elif kind == "csv":
        body, media_type = (
            await csv_of(stack, choice, for_machine=is_machine(request)),
            "text/csv; charset=utf-8",
        )
    else:
        raise NotFound("There is no such file: the kinds are csv and svg")
    name = f"readings-{choice.span.from_at.astimezone(choice.zone):%Y-%m-%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)


ROUTES = [Route("/download/readings.{kind}", guarded_download(_readings, PARAMETERS))]
