"""What boards fetch for themselves, and what admins set of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from fleet_ingest.answers import HEADERS, json_answer, no_content, thing_answer
from fleet_ingest.auth import admin_of, device_of, throttled_address
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import expected_versions, integer_parameter, json_body
from fleet_ingest.payloads_boards import (
    BoardAnswer,
    BoardsAnswer,
    BoardSetupAnswer,
    ClaimAnswer,
    CollectedTokenAnswer,
    CommissioningAnswer,
    FindingAnswer,
    ReleaseAnswer,
    ReleaseProgressAnswer,
    ReleasesAnswer,
)
from fleet_ingest.requests_boards import (
    BoardSetup,
    ClaimCode,
    ClaimSecret,
    PinnedRelease,
    ReleaseRollout,
    SettingsFields,
)
from portal.core.boards.service import boards, claims, commissioning, releases, rollouts
from portal.core.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from portal.core.boards.service.boards import DeviceBoard
    from portal.core.boards.service.releases import StoredRelease
    from portal.core.boards.service.rollouts import ReleaseProgress

OCTETS = "application/octet-stream"
WHOLE_HEADER = "X-Bundle-Bytes"


async def post_claim(request: Request) -> Response:
    """Give a board its token, once its code was typed in for a device."""
    await throttled_address(request, "claim")
    wanted = await json_body(request, ClaimSecret)
    return json_answer(
        CollectedTokenAnswer(token=await claims.collect_token(stack_of(request), wanted.secret))
    )


async def get_board_settings(request: Request) -> Response:
    """Tell a board how it is to be set up."""
    device = await device_of(request)
    found = await boards.settings_for(stack_of(request), device.id)
    return json_answer(BoardSetupAnswer(version=found.version, settings=_settings(found.settings)))


async def get_firmware(request: Request) -> Response:
    """Give a board some bytes of a release."""
    await device_of(request)
    offset = integer_parameter(request, "offset", 0)
    if offset < 0:
        message = "'offset' is not below 0"
        raise Invalid(message)
    part = await releases.part_of(stack_of(request), request.path_params["version"], offset)
    return Response(part.data, headers={**HEADERS, WHOLE_HEADER: str(part.whole_bytes)}, media_type=OCTETS)


async def get_boards(request: Request) -> Response:
    """List the boards that have said what they run."""
    await admin_of(request)
    found = await boards.list_boards(stack_of(request))
    return json_answer(BoardsAnswer(boards=[_board(each) for each in found]))


async def get_board(request: Request) -> Response:
    """Show the board of a device."""
    await admin_of(request)
    path = request.path_params
    found = await boards.get_board(stack_of(request), path["device_id"], site_id=path["site_id"])
    return thing_answer(_board(found), found.version)


async def put_board_settings(request: Request) -> Response:
    """Set a board up anew."""
    await admin_of(request)
    wanted, path = await json_body(request, BoardSetup), request.path_params
    changed = await boards.change_settings(
        stack_of(request),
        path["device_id"],
        msgspec.to_builtins(wanted.settings),
        site_id=path["site_id"],
        expected=expected_versions(request),
    )
    return thing_answer(_board(changed), changed.version)


async def put_board_release(request: Request) -> Response:
    """Have a board run one release, or whichever is rolled out."""
    await admin_of(request)
    wanted, path = await json_body(request, PinnedRelease), request.path_params
    changed = await boards.pin_release(
        stack_of(request),
        path["device_id"],
        wanted.release,
        site_id=path["site_id"],
        expected=expected_versions(request),
    )
    return thing_answer(_board(changed), changed.version)


async def post_board_claim(request: Request) -> Response:
    """Give the board that shows a code to a device."""
    await admin_of(request)
    wanted, path = await json_body(request, ClaimCode), request.path_params
    made = await claims.claim_board(
        stack_of(request), path["device_id"], wanted.code, site_id=path["site_id"]
    )
    return json_answer(ClaimAnswer(external_id=made.external_id, code=made.code, expires_at=made.expires_at))


async def get_commissioning(request: Request) -> Response:
    """Check a device that was just installed by its first readings."""
    await admin_of(request)
    path = request.path_params
    found = await commissioning.check_device(stack_of(request), path["device_id"], site_id=path["site_id"])
    shown = [
        FindingAnswer(check=each.check, result=each.result.value, words=each.words) for each in found.findings
    ]
    return json_answer(
        CommissioningAnswer(device_id=path["device_id"], checked_at=found.checked_at, findings=shown)
    )


async def get_releases(request: Request) -> Response:
    """List the releases of firmware."""
    await admin_of(request)
    found = await rollouts.rollouts_now(stack_of(request))
    return json_answer(ReleasesAnswer(releases=[_progress(each) for each in found.releases]))


async def get_release(request: Request) -> Response:
    """Show one release of firmware."""
    await admin_of(request)
    found = await releases.get_release(stack_of(request), request.path_params["version"])
    return thing_answer(_release(found), found.mark)


async def patch_release(request: Request) -> Response:
    """Roll a release out to more or fewer boards."""
    await admin_of(request)
    wanted = await json_body(request, ReleaseRollout)
    expected = expected_versions(request)
    changed = await releases.roll_out(
        stack_of(request), request.path_params["version"], wanted.percent, expected=expected
    )
    return thing_answer(_release(changed), changed.mark)


async def delete_release(request: Request) -> Response:
    """Delete a release."""
    await admin_of(request)
    expected = expected_versions(request)
    await releases.remove_release(stack_of(request), request.path_params["version"], expected=expected)
    return no_content()


def _release(found: StoredRelease) -> ReleaseAnswer:
    return ReleaseAnswer(
        version=found.version,
        percent=found.percent,
        added_at=found.added_at,
        bundle_bytes=found.bundle_bytes,
    )


def _progress(found: ReleaseProgress) -> ReleaseProgressAnswer:
    return ReleaseProgressAnswer(
        version=found.release.version,
        percent=found.release.percent,
        added_at=found.release.added_at,
        bundle_bytes=found.release.bundle_bytes,
        confirmed_boards=found.confirmed,
        offered_boards=found.offered,
        failed_boards=found.failed,
    )


def _settings(settings: Mapping[str, object]) -> SettingsFields:
    return msgspec.convert(settings, SettingsFields)


def _board(found: DeviceBoard) -> BoardAnswer:
    board = found.board
    return BoardAnswer(
        device_id=found.device_id,
        site_name=found.site_name,
        name=found.name,
        external_id=found.external_id,
        running=board.running or None,
        failed_release=board.failed_release or None,
        pinned_release=board.pinned_release or None,
        signal_dbm=board.signal_dbm,
        heard_at=board.heard_at,
        settings_version=board.settings_version,
        applied_version=board.applied_version,
        settings=_settings(board.settings or {}),
    )
