"""What some bytes are as an image: looked at one after the other, off the loop, and not for long."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import monotonic

from portal.core.brand.rules import svg
from portal.core.brand.rules.images import image_type

_EXAMINED_SECONDS = 5


@cache
def _examiner() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="images")


async def examined(content: bytes) -> tuple[bytes, str] | None:
    """Return what is kept of an image, with its type: of an SVG document a harmless copy.

    None for anything but a still PNG, JPEG or WebP of bounded size, or a plain drawing.
    """
    until = monotonic() + _EXAMINED_SECONDS
    work = asyncio.get_running_loop().run_in_executor(_examiner(), _examine, content, until)
    try:
        async with asyncio.timeout(_EXAMINED_SECONDS):
            return await work
    except TimeoutError:
        return None


def _examine(content: bytes, until: float) -> tuple[bytes, str] | None:
    if monotonic() > until:  # it waited too long for its turn, and nobody waits for the answer
        return None
    if media_type := image_type(content):
        return content, media_type
    drawing = svg.sanitised(content, lambda: monotonic() > until)
    return None if drawing is None else (drawing, svg.MEDIA_TYPE)
