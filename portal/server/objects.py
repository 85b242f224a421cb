"""How often a process that serves looks for objects that refer to each other and that nobody needs any more."""

import gc

# A batch of readings is some 15,000 objects, none of which refers to itself: looking for cycles after every 700 of
# them, and now and then through all that the process has, took a fifth of an ingest's processor time.
_OBJECTS_BETWEEN_SEARCHES = 50_000


def search_cycles_less() -> None:
    """Leave what has been loaded by now out of every search for cycles, and search less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_SEARCHES, *gc.get_threshold()[1:])
