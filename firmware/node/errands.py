"""What a board does besides sending readings: comes by its token, keeps a program that works, fetches what is offered.

Imported when there is something of it to do.
"""

from node import claim, offers
from node.http import Answer, Reader

_FULL_MS = 3_600_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.node import Node
    from node.ports import Stream
    from node.uploader import Uploader


def run(node: "Node") -> bool:
    """Do what there is to do, and return whether nothing failed on the way: else it is to be done again later."""
    if node.wants_restart:
        return True
    uploader, updates = node.uploader, node.board.updates
    offer, uploader.offer = uploader.offer, None
    try:
        if uploader.has_stored and updates is not None:
            # The portal has taken readings of this program.
            updates.confirm()
        uploader.has_stored = False
        if not node.target.token or uploader.unwelcomes:
            _claim(node)
        elif offer is not None:
            _fetch(node, offer.settings, offer.update)
    except (OSError, ValueError):
        return False
    return True


def _claim(node: "Node") -> None:
    """Ask whether this board was given to a device: what it says needs no token."""
    if claim.collect(node.settings, node.board, lambda path, text: ask(node.uploader, path, text)):
        node.target.token = node.settings.text("token")
        # Somebody stands before the meter, and wants to know whether it is wired right.
        node.target.full_until_ms = node.clock.uptime_ms() + _FULL_MS


def _fetch(node: "Node", settings: int, update: str) -> None:
    def fetch(path: str) -> Answer:
        return get(node.uploader, path)

    if settings and settings != node.target.settings_version:
        node.wants_restart = offers.take_settings(node.settings, fetch)
    updates = node.board.updates
    if update and updates is not None and update not in (updates.running, updates.failed):
        taken = offers.take_update(updates, update, fetch, node.rest)
        node.wants_restart = node.wants_restart or taken


def get(uploader: "Uploader", path: str) -> Answer:
    """Ask for something of the board's own and return the answer. Raises OSError."""
    target = uploader.target
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {target.authority()}\r\nAuthorization: Bearer {target.token}\r\n\r\n"
    )
    return uploader.exchanged(lambda stream: _exchanged(stream, head))


def ask(uploader: "Uploader", path: str, text: str) -> Answer:
    """Post a little JSON without a token and return the answer. Raises OSError."""
    uploader.get_ready()
    head = f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    whole = f"POST {path} HTTP/1.1\r\nHost: {uploader.target.authority()}\r\n{head}\r\n{text}"
    return uploader.exchanged(lambda stream: _exchanged(stream, whole))


def _exchanged(stream: "Stream", request: str) -> Answer:
    stream.write(request.encode())
    return Reader(stream).answer()
