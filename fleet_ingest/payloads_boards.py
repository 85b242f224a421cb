"""Answers of the routes for boards."""

from typing import Literal
from uuid import UUID

import msgspec

from fleet_ingest.requests_boards import SettingsFields
from portal.core.wire_fields import Instant


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class CollectedTokenAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The token of the device that a board was claimed for."""

    token: str


class BoardSetupAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """How a board is to be set up, and the version of that; what is not in it stays as the board was made."""

    version: int
    settings: SettingsFields


class BoardAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The board of a device: what it last said of itself, and what it is to be.

    It has taken its settings over once `appliedVersion` is `settingsVersion`. `failedRelease` is one that it fell back
    from.
    """

    device_id: UUID
    site_name: str
    name: str
    external_id: str
    running: str | None
    failed_release: str | None
    pinned_release: str | None
    signal_dbm: int | None
    heard_at: Instant | None
    settings_version: int
    applied_version: int
    settings: SettingsFields


class BoardsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The boards that have said what they run, by site and name."""

    boards: list[BoardAnswer]


class ClaimAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A code that was typed in for a device: until it expires the board that shows it collects the token."""

    external_id: str
    code: str
    expires_at: Instant


class FindingAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """One check of a new meter: `good`, `look`, `wrong`, or `open` where there is nothing to tell by yet."""

    check: str
    result: Literal["good", "look", "wrong", "open"]
    words: str


class CommissioningAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What the readings of the last half hour say of how a meter was installed."""

    device_id: UUID
    checked_at: Instant
    findings: list[FindingAnswer]


class ReleaseAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A release of firmware, offered to `percent` of a hundred boards."""

    version: str
    percent: int
    added_at: Instant
    bundle_bytes: int


class ReleaseProgressAnswer(ReleaseAnswer, rename="camel", frozen=True, kw_only=True):
    """A release, and how many boards run it, are offered it, and refused it or fell back from it."""

    confirmed_boards: int
    offered_boards: int
    failed_boards: int


class ReleasesAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """The releases of firmware, the last that was added first."""

    releases: list[ReleaseProgressAnswer]
