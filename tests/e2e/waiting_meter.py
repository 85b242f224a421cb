"""A meter that waits to be computed again for as long as a test wants it to: answers lack it, and say so."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.running import RunningStack

_HOLD = """
CREATE FUNCTION {schema}.held() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER held BEFORE DELETE ON {schema}.recompute_passes FOR EACH ROW EXECUTE FUNCTION {schema}.held();
INSERT INTO {schema}.recompute_passes ({keys}, asked_at)
SELECT {keys}, now() - interval '1 hour' FROM {schema}.hourly_energy WHERE {whose} LIMIT 1;
"""
_LET_GO = "DROP FUNCTION {schema}.held() CASCADE; DELETE FROM {schema}.recompute_passes"


@contextmanager
def waiting_meter(stack: RunningStack, schema: str, keys: str, whose: str) -> Iterator[None]:
    """Have a meter wait inside; with the end it waits no more. `whose` chooses it among those that have energy."""
    stack.execute(_HOLD.format(schema=schema, keys=keys, whose=whose))
    try:
        yield
    finally:
        stack.execute(_LET_GO.format(schema=schema))
