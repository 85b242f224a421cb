"""Several processes behind one socket, kept alive by uvicorn's supervisor."""

import os
from multiprocessing.connection import wait
from tempfile import TemporaryDirectory
from typing import ClassVar

from uvicorn.config import STARTUP_FAILURE
from uvicorn.server import Server
from uvicorn.supervisors import Multiprocess, multiprocess

from portal.core.errors import Misconfigured
from portal.server.config import ServerConfig
from portal.server.serving import BoundedServer

# The library of figures takes it from nowhere else, and looks when it is imported: in the workers.
FIGURES = "PROMETHEUS_MULTIPROC_DIR"


class _Worker(multiprocess.Process):
    """One process. Where one has served already, another that cannot start is no reason to stop the rest."""

    config: ServerConfig
    has_served: ClassVar[bool] = False

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = BoundedServer(self.config)
        return self._server

    @property
    def exitcode(self) -> int | None:
        """What the supervisor goes by: it ends all of them when one could not start, as without a database."""
        code = super().exitcode
        return 1 if code == STARTUP_FAILURE and self.has_served else code

    def _healthcheck(self, timeout: float) -> bool | None:
        """Ask whether it serves; None where it says nothing in time, or ends meanwhile.

        uvicorn's own waits for the answer of one that has ended, and hears no signal as long.
        """
        try:
            self.parent_conn.send(b"ping")
            if self.parent_conn in wait([self.parent_conn, self.process.sentinel], timeout):
                return bool(self.parent_conn.recv())
        except (OSError, EOFError):
            pass
        return None

    def ping(self, timeout: float = 5) -> bool:
        """Ask whether it runs, as the supervisor does all the time, and remember that it serves."""
        is_serving = self._healthcheck(timeout)
        if is_serving:
            _Worker.has_served = True
        return is_serving is not None


def run_workers(config: ServerConfig) -> None:
    """Serve in as many processes as the config says until a signal comes.

    They tell their figures together. Each is sent the config, so its app is a factory that can be sent, and is called
    there. Raises `Misconfigured` when the first of them cannot start.
    """
    # The supervisor takes its workers' class from its module and from nowhere else.
    multiprocess.Process = _Worker
    # What they count together lies in files that they write to, and goes with the last of them.
    with TemporaryDirectory(prefix="portal-figures-") as figures:
        os.environ[FIGURES] = figures
        Multiprocess(config, sockets=[config.bind_socket()]).run()
    if not _Worker.has_served:
        message = "No process of the API could start; what is logged above says why."
        raise Misconfigured(message)
