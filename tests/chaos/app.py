"""One stack as a process that may be killed: its API, and in a Client its push, as `portal serve` runs them.

Pages are left out, since building them takes longer than the whole test. Waits are shortened from minutes to
fractions of a second; everything else is the product as it is.
"""

import asyncio
import sys
from datetime import timedelta

from fleet_ingest.app import build_app
from portal.core import energy
from portal.core.log import configure_logging
from portal.core.settings import load_settings
from portal.core.stack import close_stack, open_stack
from portal.push import planner, responses, task
from portal.server.config import ServerConfig
from portal.server.serving import BoundedServer


async def serve(port: int) -> None:
    settings = load_settings()
    stack = open_stack(settings)
    await energy.bootstrap(stack)
    config = ServerConfig(build_app(settings, stack), host="127.0.0.1", port=port)
    push = asyncio.create_task(task.run(stack))
    try:
        await BoundedServer(config).serve()
    finally:
        push.cancel()
        await close_stack(stack)


if __name__ == "__main__":
    planner.BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (0.1, 0.2, 0.4, 0.8))
    responses.DEFAULT_WAIT = timedelta(seconds=0.2)
    if "--patient" not in sys.argv:
        task._FOLLOW_SECONDS = 0.2
        task._REOPEN_SECONDS = 0.2
    configure_logging(as_json=True)
    asyncio.run(serve(int(sys.argv[1])))
