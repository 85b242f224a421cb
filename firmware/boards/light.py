"""What the light says: how many blinks, every three seconds; dark but for a short blink where all is well."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.node import Node

WELL, NO_TOKEN, METER_SILENT, NO_WAY, UNWELCOME, FLASH_FOREIGN = 0, 1, 2, 3, 4, 5
_EVERY_MS, _BLINK_MS, _SHORT_MS = 3_000, 400, 30


def state_of(node: "Node") -> int:
    """Return the worst thing there is to say of a node."""
    if node.is_degraded:
        return FLASH_FOREIGN
    if node.counters.failed_reads and not node.sampler.is_meter_there:
        return METER_SILENT
    if not node.target.host or not node.target.token:
        return NO_TOKEN
    if node.uploader.unwelcomes:
        return UNWELCOME
    return NO_WAY if node.uploader.backoff.failures > 1 else WELL


class LightPattern:
    """Whether the light is on at a moment."""

    def is_lit(self, state: int, ms: int) -> bool:
        """Return whether it is, for a state and a counter of milliseconds."""
        at = ms % _EVERY_MS
        if state == WELL:
            return at < _SHORT_MS
        return at < state * _BLINK_MS and at % _BLINK_MS < _BLINK_MS // 2
