"""Ends with 0 when the address answers 200: what a container engine asks a stack whether it can do its work.

The standard library only, since it is run every few seconds.
"""

import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit

_PATIENCE_S = 4


def main(address: str) -> str | None:
    """Return what is wrong, or None."""
    url = urlsplit(address)
    connection = HTTPConnection(url.hostname or "127.0.0.1", url.port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", url.path)
        status = connection.getresponse().status
    except OSError as error:
        return f"{address}: {error}"
    return None if status == 200 else f"{address}: {status}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
