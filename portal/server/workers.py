"""Several processes behind one socket, kept alive by uvicorn's supervisor."""

from uvicorn.server import Server
from uvicorn.supervisors import Multiprocess, multiprocess

from portal.server.config import ServerConfig
from portal.server.serving import BoundedServer


class _Worker(multiprocess.Process):
    config: ServerConfig

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = BoundedServer(self.config)
        return self._server


def run_workers(config: ServerConfig) -> None:
    """Serve in as many processes as the config says until a signal comes. The app must be given by its import path."""
    # The supervisor takes its workers' class from its module and from nowhere else.
    multiprocess.Process = _Worker
    Multiprocess(config, sockets=[config.bind_socket()]).run()
