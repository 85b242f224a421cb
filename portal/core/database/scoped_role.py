"""The role of limited operators, and the schema they see: what whoever opens a transaction has to know of them.

How it holds is said in `portal.core.database.limited`.
"""

import re

ROLE = "portal_limited"
SCHEMA = "scoped"
PERSON = "portal.person"
"""The setting that says whose a transaction is: the id of a person, until its end."""
_FLEET = re.compile(r"\bfleet\.")


def to_scoped(statement: str) -> str:
    """Return a statement about `fleet` as one about what a limited operator sees of it."""
    return _FLEET.sub(f"{SCHEMA}.", statement)
