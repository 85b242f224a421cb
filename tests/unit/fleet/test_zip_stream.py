"""An archive that is made while it is sent."""

from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from random import Random
from zipfile import ZipFile

from portal.core.fleet.rules.zip_stream import ZipStream

_NOISE = Random(1).randbytes(3_000_000)


def test_it_is_taken_away_while_it_is_made_and_opens_whole() -> None:
    archive, sent = ZipStream(datetime(2026, 5, 18, 12, 30, tzinfo=UTC)), []
    archive.begin("one.csv")
    for at in range(0, len(_NOISE), 50_000):
        archive.write(_NOISE[at : at + 50_000])
        if part := archive.taken():
            sent.append(part)
    archive.end(7)
    assert len(sent) >= 2
    archive.begin("empty.jsonl")
    archive.end(0)
    archive.close()
    sent.append(archive.taken(whole=True))
    assert max(map(len, sent)) < 1_200_000
    whole = ZipFile(BytesIO(b"".join(sent)))
    assert whole.testzip() is None
    assert (whole.read("one.csv"), whole.read("empty.jsonl")) == (_NOISE, b"")
    assert whole.infolist()[0].date_time == (2026, 5, 18, 12, 30, 0)
    first, second = archive.files
    assert (first.size_bytes, first.rows, first.sha256) == (3_000_000, 7, sha256(_NOISE).hexdigest())
    assert (second.size_bytes, second.rows) == (0, 0)
