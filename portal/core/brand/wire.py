"""The row of the `brand` batch: how a customer's own portal is called and looks."""

from typing import Annotated, Literal

import msgspec

MOST_LOGO_BYTES = 512 * 1024
Color = Annotated[str, msgspec.Meta(pattern="^#[0-9a-f]{6}$")]


class PushedBrand(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A brand; what was never chosen is left out. `logo` is the image, in base64: its type is seen by its bytes."""

    product_name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None = None
    primary_color: Color | None = None
    accent_color: Color | None = None
    appearance: Literal["system", "light", "dark"] | None = None
    logo: Annotated[bytes, msgspec.Meta(max_length=MOST_LOGO_BYTES)] | None = None

    @property
    def id(self) -> int:
        """There is one of a customer."""
        return 1
