"""Long lists in pages: each page says where the next one begins, by the key of its last item.

Keys are of what the list is ordered by, so that nothing is left out or shown twice when things are added meanwhile.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

ItemT = TypeVar("ItemT")
Key = tuple[str, ...]
_LONGEST_CURSOR = 2000


@dataclass(frozen=True)
class Asked:
    """Which page is wanted: at most `limit` items (None: all) that follow the key `after` (None: from the first)."""

    limit: int | None = None
    after: Key | None = None

    @property
    def fetched(self) -> int | None:
        """How many items to look for: one more than is shown tells whether there is a next page."""
        return None if self.limit is None else self.limit + 1


EVERYTHING = Asked()


@dataclass(frozen=True)
class Page(Generic[ItemT]):
    """A page of a list; `next` is the cursor of the page that follows, None after the last."""

    items: tuple[ItemT, ...]
    next: str | None = None


def page_of(found: Sequence[ItemT], asked: Asked, key_of: Callable[[ItemT], Key]) -> Page[ItemT]:
    """Return the page of what was found for it, which is one more than fits where another page follows."""
    if asked.limit is None or len(found) <= asked.limit:
        return Page(tuple(found))
    shown = tuple(found[: asked.limit])
    return Page(shown, cursor_of(key_of(shown[-1])))


def cursor_of(key: Key) -> str:
    """Return a key as a text for addresses, which says nothing to whoever carries it."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_in(cursor: str, parts: int) -> Key:
    """Return the key of a cursor. Raises ValueError for a text that is none of a list ordered by so many parts."""
    refusal = "'cursor' is not the `next` of a page of this list"
    if len(cursor) > _LONGEST_CURSOR:
        raise ValueError(refusal)
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key: object = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        raise ValueError(refusal) from None
    found = cast("list[object]", key) if isinstance(key, list) else []
    if len(found) != parts or not all(isinstance(part, str) and "\x00" not in part for part in found):
        raise ValueError(refusal)
    return tuple(map(str, found))
