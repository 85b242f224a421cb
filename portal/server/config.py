"""How the product's servers are set up."""

from typing import Any

import uvicorn

from portal.server.bounds import Bounds


class ServerConfig(uvicorn.Config):
    """uvicorn's settings with the product's bounds; workers are given it whole."""

    def __init__(self, app: Any, *, bounds: Bounds | None = None, **options: Any) -> None:
        self.bounds = bounds or Bounds()
        super().__init__(
            app,
            ws="portal.server.websocket:BoundedWebSocket",
            ws_max_size=self.bounds.socket_message_bytes,
            # Its loggers end where all others do (portal.core.log).
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="on",
            # Who is behind a proxy is decided by Application__TrustedProxyHops (portal.web.http.proxy).
            proxy_headers=False,
            server_header=False,
            date_header=False,
            **options,
        )
