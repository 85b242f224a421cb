"""A machine questions the API by its own description: no 5xx, no undocumented answer, no wrong shape.

Schemathesis makes requests from the document, right ones and wrong ones, and holds every answer against it.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from portal.core.fleet.service import customers
from portal.core.identity.service import api_keys
from portal.core.settings import RunMode, load_settings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack, close_stack, open_stack
from tests.integration.databases import TestServer
from tests.integration.fleet_ingest.servers import serving
from tests.length import usual_or_long

SECONDS = 600
# Two checks are told what a JSON Schema cannot say:
# - of a batch, bad rows are refused one by one within a 200;
# - a request of the right shape may still be wrong (400): a window that ends before it begins, a name of spaces,
#   rows of another type than the header says, a tariff whose periods overlap; and so may a version of it (412).
CONFIG = """
headers = {{ Authorization = "Bearer {key}" }}
seed = 20260518
[generation]
max-examples = {examples}
deterministic = true
database = "none"
[phases.stateful]
enabled = false
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 412, 413]
[checks.missing_required_header]
expected-statuses = [400, 401]
[[operations]]
include-path = ["/ingest/measurements", "/ingest/settings", "/ingest/firmware/{{version}}", "/fleet/ingest"]
headers = {{ Authorization = "Bearer {token}", X-Customer-Token = "{token}" }}
[operations.checks.negative_data_rejection]
enabled = false
[[operations]]
include-path = ["/fleet/reconcile", "/fleet/reconcile/readings"]
headers = {{ X-Customer-Token = "{token}" }}
"""


async def _credentials(stack: Stack) -> tuple[str, str]:
    try:
        key = (await api_keys.add_api_key(stack, "tests")).key
        if stack.settings.run_mode is RunMode.ADMIN:
            return key, (await customers.register(stack, "acme", "Acme")).token
        await sites.add_site(stack, "Head office")
        return key, (await devices.add_device(stack, "Main", site="Head office", external_id="main-1")).token
    finally:
        await close_stack(stack)


@pytest.mark.parametrize("mode", RunMode)
def test_every_answer_is_one_the_document_describes(
    database_server: TestServer, tmp_path: Path, mode: RunMode
) -> None:
    name = asyncio.run(database_server.copy(mode))
    given = {
        "Application__RunMode": mode.value,
        "Database__ConnectionString": database_server.dsn(name),
        "RateLimit__Enabled": "false",
    }
    try:
        key, token = asyncio.run(_credentials(open_stack(load_settings(given))))
        with serving(tmp_path, given) as server:
            config = tmp_path / "schemathesis.toml"
            config.write_text(
                CONFIG.format(key=key, token=token, examples=usual_or_long(1, 8)), encoding="utf-8"
            )
            asked = subprocess.run(
                [
                    *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(config)),
                    # One worker: Python 3.11 cannot parse source in two threads at once, which its generator does.
                    *("run", f"{server.url}/api/openapi.json", "--no-color", "--workers", "1"),
                ],
                cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
            assert asked.returncode == 0, asked.stdout[-20_000:] + asked.stderr[-2_000:]
            assert key not in server.text()
            assert token not in server.text()
    finally:
        asyncio.run(database_server.drop(name))
