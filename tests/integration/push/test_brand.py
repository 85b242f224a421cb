"""A Client's brand is its own page's at the Admin, whose release may be an earlier one."""

from datetime import timedelta

import httpx
from sqlalchemy import text

from portal.core.brand import service as branding
from portal.core.exchange.batches import BatchType
from portal.core.fleet.service import customer_brands
from portal.core.fleet.service.customer_brands import WornBrand
from portal.core.stack import Stack
from tests.integration.databases import Clock
from tests.integration.push.rig import Rig, Sent, line_of
from tests.unit.brand.test_images import png


async def _choose(stack: Stack, name: str, accent: str = "#0a7a55") -> None:
    await branding.save_brand(
        stack, product_name=name, primary_color="#123456", accent_color=accent, appearance="light"
    )


async def _worn(rig: Rig) -> WornBrand | None:
    return await customer_brands.find_brand(rig.admin, rig.customer_id)


async def test_what_was_never_chosen_is_not_pushed(rig: Rig) -> None:
    await rig.drain()
    assert await _worn(rig) is None
    assert all(sent.batch_type != BatchType.BRAND for sent in rig.network.sent)


async def test_a_brand_and_its_logo_are_at_the_admin_once_they_are_chosen(rig: Rig) -> None:
    await _choose(rig.client, "Harbour Energy")
    await rig.drain()
    worn = await _worn(rig)
    assert worn is not None
    assert (worn.product_name, worn.accent_color, worn.has_logo) == ("Harbour Energy", "#0a7a55", False)
    await branding.save_image(rig.client, "logo", png())
    await _choose(rig.client, "Harbour Power", "#abcdef")
    await rig.drain()
    worn, logo = await _worn(rig), await customer_brands.find_logo(rig.admin, rig.customer_id)
    assert worn is not None
    assert logo is not None
    assert (worn.product_name, worn.accent_color) == ("Harbour Power", "#abcdef")
    assert (logo.content, logo.media_type) == (png(), "image/png")
    rig.network.sent.clear()
    await rig.drain()
    assert rig.network.rows_of(BatchType.BRAND) == 0
    await branding.remove_image(rig.client, "logo")
    await rig.drain()
    assert await customer_brands.find_logo(rig.admin, rig.customer_id) is None


async def test_an_admin_of_an_earlier_release_stops_nothing_and_is_asked_again(
    rig: Rig, clock: Clock
) -> None:
    def refuses(sent: Sent) -> httpx.Response | None:
        if sent.batch_type != BatchType.BRAND:
            return None
        error = {"code": "invalid", "message": "X-Batch-Type must be one of sites, devices."}
        return httpx.Response(400, json={"error": error})

    rig.network.always = refuses
    await _choose(rig.client, "Harbour Energy")
    report = await rig.tick()
    assert line_of(report, BatchType.BRAND).error is None
    assert (await rig.state(BatchType.BRAND)).consecutive_failures == 0
    rig.network.always = None
    clock.advance(hours=13)
    await rig.tick()
    assert await _worn(rig) is not None


async def test_what_is_no_image_is_refused_and_a_drawing_is_made_harmless(rig: Rig, clock: Clock) -> None:
    """The Admin believes no Client: it looks at the bytes itself."""
    inside = b'<script>x()</script><path d="M0 0h9"/>'
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">' + inside + b"</svg>"
    async with rig.client.db.transaction() as session:  # what no service would store
        new = (
            "INSERT INTO app.brand_images (kind, content, media_type) VALUES ('logo', :content, 'image/png')"
        )
        await session.execute(text(new), {"content": drawing})
    await rig.drain()
    logo = await customer_brands.find_logo(rig.admin, rig.customer_id)
    assert logo is None or (b"script" not in logo.content and logo.media_type == "image/svg+xml")
    async with rig.client.db.transaction() as session:
        changed = "UPDATE app.brand_images SET content = :content, updated_at = clock_timestamp()"
        await session.execute(text(changed), {"content": b"<html>no image</html>"})
    clock.now += timedelta(hours=1)
    report = await rig.tick()
    assert line_of(report, BatchType.BRAND).rejected == 1
