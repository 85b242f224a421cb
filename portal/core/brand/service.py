"""The brand: what the product is called here, its colours and its images."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.audit.rules.changes import changes_in_words, facts_in_words
from portal.core.brand import queries
from portal.core.brand.proof import examined
from portal.core.brand.queries import StoredImage
from portal.core.brand.rules import svg
from portal.core.brand.rules.images import MAX_PIXELS, MAX_SIDE
from portal.core.errors import Invalid, NotFound, TooLarge
from portal.core.values.texts import sound_name
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.core.brand.queries import BrandRow
    from portal.core.stack import Stack

__all__ = ["Brand", "StoredImage"]

DEFAULT_PRIMARY = "#1f5fd6"
# The first is the default.
APPEARANCES = ("system", "light", "dark")
IMAGE_KINDS = ("logo", "icon")
MAX_IMAGE_BYTES = 512 * 1024
_COLOR = re.compile(r"#[0-9a-f]{6}")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Brand:
    """The brand as pages show it; `version` changes with anything that is seen of it.

    `appearance` is the colour mode for whoever has chosen none: "light", "dark", or "system" for their device's.
    """

    product_name: str
    primary_color: str
    accent_color: str
    appearance: str
    has_logo: bool
    has_icon: bool
    version: str


async def get_brand(stack: Stack) -> Brand:
    """Return the saved brand, or the settings' name in the default colours."""
    async with stack.db.snapshot() as session:
        row = await queries.find(session)
        images = await queries.image_times(session, MAX_IMAGE_BYTES)
    look = _look(stack, row)
    seen = repr((sorted(look.items()), sorted((kind, at.isoformat()) for kind, at in images.items())))
    version = hashlib.sha256(seen.encode()).hexdigest()[:12]
    return Brand(**look, has_logo="logo" in images, has_icon="icon" in images, version=version)


async def save_brand(
    stack: Stack, *, product_name: str, primary_color: str, accent_color: str, appearance: str
) -> None:
    """Store name, colours (`#rrggbb`) and appearance. Raises `Invalid`."""
    name = sound_name("The product's name", " ".join(product_name.split()), _LONGEST_NAME)
    if appearance not in APPEARANCES:
        raise Invalid("The pages are light, dark, or as each visitor's device says")
    colors = _color(primary_color), _color(accent_color)
    values = {
        "product_name": name,
        "primary_color": colors[0],
        "accent_color": colors[1],
        "appearance": appearance,
    }
    async with stack.db.transaction() as session:
        before = _look(stack, await queries.find(session))
        if await queries.save(session, values):
            await audit.record(
                session, "brand.changed", name, changes_in_words(_facts(before), _facts(values))
            )


def _look(stack: Stack, row: BrandRow | None) -> dict[str, str]:
    """Return name, colours and appearance as saved, or the settings' name in the default colours."""
    return {
        "product_name": row.product_name if row else stack.settings.application.name,
        "primary_color": row.primary_color if row else DEFAULT_PRIMARY,
        "accent_color": row.accent_color if row else DEFAULT_PRIMARY,
        "appearance": row.appearance if row else APPEARANCES[0],
    }


def _facts(look: Mapping[str, str]) -> dict[str, object]:
    return {name.replace("_", " "): value for name, value in look.items()}


async def save_image(stack: Stack, kind: str, content: bytes) -> None:
    """Store the logo or icon. Raises `Invalid` for anything but PNG, JPEG, WebP or SVG by content, and `TooLarge`.

    Of an SVG document what is stored is a harmless copy.
    """
    _check_kind(kind)
    if len(content) > MAX_IMAGE_BYTES:
        raise TooLarge(
            say("An image has at most {max_image_bytes} KiB", max_image_bytes=MAX_IMAGE_BYTES // 1024)
        )
    content, media_type = await _examined(content)
    async with stack.db.transaction() as session:
        before = _image_facts(await queries.look_at_image(session, kind))
        if await queries.save_image(session, kind, content, media_type):
            words = changes_in_words(before, _image_facts((media_type, len(content))))
            await audit.record(session, "brand.image_changed", kind, words)


def _image_facts(image: tuple[str, int] | None) -> dict[str, object]:
    return {"image": None if image is None else f"{image[0]}, {image[1]} bytes"}


async def remove_image(stack: Stack, kind: str) -> None:
    """Go back to the drawn mark. Raises `NotFound`."""
    _check_kind(kind)
    async with stack.db.transaction() as session:
        before = _image_facts(await queries.look_at_image(session, kind))
        if not await queries.delete_image(session, kind):
            raise NotFound("There is no such image.")
        await audit.record(session, "brand.image_removed", kind, facts_in_words(before))


async def find_image(stack: Stack, kind: str) -> StoredImage | None:
    """Return the logo or icon, if one was uploaded.

    One larger than is taken now, as an earlier release made of a small SVG file, is left where it is.
    """
    async with stack.db.snapshot() as session:
        return await queries.find_image(session, kind, MAX_IMAGE_BYTES)


async def _examined(content: bytes) -> tuple[bytes, str]:
    found = await examined(content)
    if found is None:
        raise Invalid(
            say(
                "This is no still PNG, JPEG or WebP image of at most {max_side} by {max_side_2} and "
                "{max_pixels} million pixels, and no plain SVG drawing of at most {max_bytes} KiB",
                max_side=MAX_SIDE,
                max_side_2=MAX_SIDE,
                max_pixels=MAX_PIXELS // 1_000_000,
                max_bytes=svg.MAX_BYTES // 1024,
            )
        )
    return found


def _color(value: str) -> str:
    color = value.strip().lower()
    if not _COLOR.fullmatch(color):
        raise Invalid(say("{value} is not a colour like #1f5fd6", value=f"{value!r}"))
    return color


def _check_kind(kind: str) -> None:
    if kind not in IMAGE_KINDS:
        raise NotFound("There is no such image.")
