"""Bodies of the routes for what the library of tariffs offers."""

from fleet_ingest.requests import Body
from portal.core.wire_fields import Key


class Acceptance(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """For which municipality an offer is taken over (else that of its name), and whether it is a draft at first."""

    municipality_id: Key | None = None
    as_draft: bool = False
