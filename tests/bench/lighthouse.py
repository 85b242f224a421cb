"""What Lighthouse says of the pages of a stack, for a desktop and for a phone, each with an empty cache.

    npm install --prefix /tmp/lighthouse lighthouse@12
    python -m tests.bench.lighthouse --lighthouse /tmp/lighthouse [--url http://127.0.0.1:8000] [--rounds 3] [PAGE ...]

Against a product that runs (`make run`). The browser is signed in, and Lighthouse takes it over by its debugging port;
the log-in's page is asked for without the cookie. Performance is the median of the rounds, accessibility the lowest.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from tests.bench.pages import BROWSERS, say, sign_in
from tests.ports import free_port

_PAGES = (
    "/login",
    "/",
    "/dashboards",
    "/cost",
    "/data-quality",
    "/alerts",
    "/sites",
    "/settings",
    "/settings/rates",
)
_TIMES = {
    "first-contentful-paint": "first paint",
    "largest-contentful-paint": "largest paint",
    "total-blocking-time": "blocked",
}
_PHONE, _DESKTOP = "mobile", "desktop"


def _ask(given: argparse.Namespace, port: int, address: str, device: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            "node",
            f"{given.lighthouse}/node_modules/lighthouse/cli/index.js",
            address,
            f"--port={port}",
        ]
        command += ["--only-categories=performance,accessibility", "--output=json", f"--output-path={report}"]
        command += ["--quiet", *(["--preset=desktop"] if device == _DESKTOP else [])]
        subprocess.run(command, check=True, timeout=180)
        return json.loads(report.read_text())


def _worded(answers: list[dict[str, Any]]) -> str:
    scores = [round(answer["categories"]["performance"]["score"] * 100) for answer in answers]
    access = min(round(answer["categories"]["accessibility"]["score"] * 100) for answer in answers)
    times = ", ".join(
        f"{words} {statistics.median(answer['audits'][name]['numericValue'] for answer in answers):.0f} ms"
        for name, words in _TIMES.items()
    )
    shifted = max(answer["audits"]["cumulative-layout-shift"]["numericValue"] for answer in answers)
    return (
        f"{statistics.median(scores):3.0f} {scores}, accessibility {access}; {times}, shifted {shifted:.3f}"
    )


def _refused(answers: list[dict[str, Any]]) -> set[str]:
    """Return what of accessibility is not met."""
    named = {each["id"] for each in answers[0]["categories"]["accessibility"]["auditRefs"]}
    return {name for answer in answers for name in named if answer["audits"][name]["score"] == 0}


def _measure(given: argparse.Namespace, context: BrowserContext, port: int) -> None:
    for path in sorted(given.pages, key=lambda each: each != "/login"):
        if path != "/login" and not context.cookies():
            sign_in(context, given)
        for device in (_DESKTOP, _PHONE):
            answers = [_ask(given, port, given.url + path, device) for _ in range(given.rounds)]
            say(f"{path:16s} {device:8s} {_worded(answers)}")
            for name in sorted(_refused(answers)):
                say(f"{'':16s} {'':8s} not met: {name}")


def main() -> None:
    """Ask Lighthouse for each page, on a desktop and on a phone."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--lighthouse", required=True, help="the folder that npm installed it into")
    arguments.add_argument("--url", default="http://127.0.0.1:8000")
    arguments.add_argument("--email", default="admin@example.com")
    arguments.add_argument("--password", default="change-me-please")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("pages", nargs="*", default=_PAGES)
    given = arguments.parse_args()
    port = free_port()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=next((found for name in BROWSERS if (found := shutil.which(name))), None),
            args=["--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"],
        )
        _measure(given, context, port)
        context.close()


if __name__ == "__main__":
    main()
