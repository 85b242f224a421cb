"""Posts to the Client, over HTTP with the devices' tokens, what no simulated board reads: the past, and files."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Self

import httpx

from portal.core.errors import PortalError
from portal.core.exchange.batches import ENCODER
from portal.core.readings.rules.readings import MeasuredRow
from portal.core.readings.wire import as_sent
from portal.demo.meters import Meter

_PLAY_SECONDS = 5.0
_ROWS_PER_REQUEST = 2000
_TIMEOUT_SECONDS = 60.0
_RETRY_SECONDS = 2.0
_TRIES = 10
_ANSWERED_OK = 200
_TOO_MANY = 429
_SERVER_ERRORS = 500


class Poster:
    """Posts for a set of meters and remembers up to when each has been posted for."""

    def __init__(self, url: str, tokens: Mapping[str, str], posted_until: Mapping[str, datetime]) -> None:
        """`url` is the Client's; `tokens` and `posted_until` are by external id."""
        self._tokens = tokens
        self._posted_until = dict(posted_until)
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False)

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def fill_in(self, meters: Sequence[Meter], to_at: datetime) -> int:
        """Post what the meters have measured since they were last heard; return the number of readings."""
        count = 0
        for meter in meters:
            rows = meter.source.history(self._posted_until[meter.external_id], to_at)
            count += await self._post_all(meter, rows)
        return count

    async def play(self, meters: Sequence[Meter], clock: Callable[[], datetime]) -> None:
        """Post what comes due of recordings until cancelled."""
        while True:
            await self.fill_in(meters, clock().replace(microsecond=0))
            await asyncio.sleep(_PLAY_SECONDS)

    async def _post_all(self, meter: Meter, rows: Iterable[MeasuredRow]) -> int:
        count, rest = 0, iter(rows)
        while batch := list(islice(rest, _ROWS_PER_REQUEST)):
            await self._post(meter, batch)
            self._posted_until[meter.external_id] = batch[-1].at
            count += len(batch)
        return count

    async def _post(self, meter: Meter, batch: Sequence[MeasuredRow]) -> None:
        body = ENCODER.encode([as_sent(row) for row in batch])
        headers = {
            "Authorization": f"Bearer {self._tokens[meter.external_id]}",
            "Content-Type": "application/json",
        }
        said = "no answer"
        for _ in range(_TRIES):
            try:
                answer = await self._http.post("/api/ingest/measurements", content=body, headers=headers)
            except httpx.TransportError as error:
                said = f"no answer ({type(error).__name__})"
            else:
                if answer.status_code == _ANSWERED_OK:
                    return
                said = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code < _SERVER_ERRORS and answer.status_code != _TOO_MANY:
                    break
            await asyncio.sleep(_RETRY_SECONDS)
        msg = f"the Client does not take the readings of {meter.plan.name}: {said}"
        raise PortalError(msg)


def first_heard(now: datetime, span: timedelta) -> datetime:
    """Return the instant from which a meter nobody has heard of yet is filled in."""
    return (now - span).replace(minute=0, second=0, microsecond=0)
