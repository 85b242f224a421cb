"""Logos and icons: what is stored of them is bounded, and looking at one holds nobody up."""

import asyncio
import threading

import pytest
from sqlalchemy import text

from portal.core.brand import proof
from portal.core.brand import service as branding
from portal.core.brand.rules import svg
from portal.core.errors import Invalid
from portal.core.stack import Stack

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>'


async def test_an_oversized_drawing_of_an_earlier_release_is_not_served(client_stack: Stack) -> None:
    await branding.save_image(client_stack, "icon", DRAWING)
    async with client_stack.db.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO app.brand_images (kind, content, media_type) VALUES ('logo', :content, 'image/svg+xml')"
            ),
            {"content": DRAWING + b" " * branding.MAX_IMAGE_BYTES},
        )
    brand = await branding.get_brand(client_stack)
    assert (brand.has_logo, brand.has_icon) == (False, True)
    assert await branding.find_image(client_stack, "logo") is None
    assert await branding.find_image(client_stack, "icon") is not None
    await branding.save_image(client_stack, "logo", DRAWING)
    assert (await branding.get_brand(client_stack)).has_logo


async def test_an_image_is_looked_at_beside_the_loop(
    client_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[threading.Thread] = []
    real = svg.sanitised

    def noting(*arguments: object) -> bytes | None:
        seen.append(threading.current_thread())
        return real(*arguments)

    monkeypatch.setattr(svg, "sanitised", noting)
    await branding.save_image(client_stack, "logo", DRAWING)
    assert [thread is threading.main_thread() for thread in seen] == [False]


async def test_an_image_that_takes_too_long_is_refused_and_given_up(
    client_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless(_: bytes, give_up: object) -> bytes | None:
        while not give_up():
            threading.Event().wait(0.01)
        loop.call_soon_threadsafe(ended.set)
        return None

    monkeypatch.setattr(svg, "sanitised", endless)
    monkeypatch.setattr(proof, "_EXAMINED_SECONDS", 0.1)
    with pytest.raises(Invalid, match="no plain SVG drawing"):
        await branding.save_image(client_stack, "logo", DRAWING)
    async with asyncio.timeout(30):
        await ended.wait()
