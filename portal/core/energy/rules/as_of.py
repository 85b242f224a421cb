"""How far an answer about energy goes."""

from dataclasses import dataclass
from datetime import UTC, datetime

from portal.core.words import noted


@dataclass(frozen=True, slots=True)
class AsOf:
    """Every reading that was stored by `at` (aware, UTC) is counted in the answer.

    It is complete unless hours still waited to be computed that were too many to be computed with the answer. What was
    stored in them after `at` is left out then, and what a recompute of stored energy has not got to.
    """

    at: datetime
    is_complete: bool = True


UNKNOWN = AsOf(datetime(1970, 1, 1, tzinfo=UTC), is_complete=False)
"""Where nobody has said it: an answer leaves a service with an instant."""

STILL_ADDED_UP = noted("Some readings are still being added up and are not in these figures yet.")
"""What is said of an answer that is not complete."""
