"""What a Client serves to boards, and what admins set of them."""

from __future__ import annotations

from fleet_ingest import fields, payloads_boards, requests_boards
from fleet_ingest.endpoints import boards
from fleet_ingest.operations import AccessRule, Operation, Parameter

_NO_CONTENT = 204
_BOARD = "/admin/sites/{site_id:uuid}/devices/{device_id:uuid}"
_RELEASE = "/admin/releases/{version:str}"
_CHANGE_ERRORS = (404, 408, 413)

_FOR_BOARDS = (
    Operation(
        "POST",
        "/ingest/claim",
        boards.post_claim,
        payloads_boards.CollectedTokenAnswer,
        AccessRule.ANYONE,
        body=(requests_boards.ClaimSecret,),
        errors=(400, 404, 408, 413, 429),
        example={"secret": fields.TOKEN},
        answer_example={"token": fields.TOKEN},
        tag="Boards",
    ),
    Operation(
        "GET",
        "/ingest/settings",
        boards.get_board_settings,
        payloads_boards.BoardSetupAnswer,
        AccessRule.DEVICE,
        errors=(429,),
        tag="Boards",
    ),
    Operation(
        "GET",
        "/ingest/firmware/{version:str}",
        boards.get_firmware,
        str,
        AccessRule.DEVICE,
        parameters=(
            Parameter(
                "offset",
                "query",
                "from which byte on",
                required=False,
                schema={"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 0},
            ),
        ),
        errors=(400, 404, 429),
        media_type=boards.OCTETS,
        headers=(boards.WHOLE_HEADER,),
        tag="Boards",
    ),
)
_FOR_ADMINS = (
    Operation("GET", "/admin/boards", boards.get_boards, payloads_boards.BoardsAnswer, tag="Boards"),
    Operation(
        "GET",
        f"{_BOARD}/board",
        boards.get_board,
        payloads_boards.BoardAnswer,
        errors=(404,),
        tag="Boards",
        headers=("ETag",),
    ),
    Operation(
        "PUT",
        f"{_BOARD}/board/settings",
        boards.put_board_settings,
        payloads_boards.BoardAnswer,
        body=(requests_boards.BoardSetup,),
        parameters=(fields.IF_MATCH,),
        headers=("ETag",),
        errors=(400, 412, *_CHANGE_ERRORS),
        example={"settings": requests_boards.SETTINGS_EXAMPLE},
        tag="Boards",
    ),
    Operation(
        "PUT",
        f"{_BOARD}/board/release",
        boards.put_board_release,
        payloads_boards.BoardAnswer,
        body=(requests_boards.PinnedRelease,),
        parameters=(fields.IF_MATCH,),
        headers=("ETag",),
        errors=(412, *_CHANGE_ERRORS),
        example={"release": ""},
        tag="Boards",
    ),
    Operation(
        "POST",
        f"{_BOARD}/claim",
        boards.post_board_claim,
        payloads_boards.ClaimAnswer,
        body=(requests_boards.ClaimCode,),
        errors=(400, 409, *_CHANGE_ERRORS),
        example={"code": "7XK4-9MTC-02QF"},
        tag="Boards",
    ),
    Operation(
        "GET",
        f"{_BOARD}/commissioning",
        boards.get_commissioning,
        payloads_boards.CommissioningAnswer,
        errors=(404,),
        tag="Boards",
    ),
    Operation("GET", "/admin/releases", boards.get_releases, payloads_boards.ReleasesAnswer, tag="Boards"),
    Operation(
        "GET",
        _RELEASE,
        boards.get_release,
        payloads_boards.ReleaseAnswer,
        errors=(404,),
        tag="Boards",
        headers=("ETag",),
    ),
    Operation(
        "PATCH",
        _RELEASE,
        boards.patch_release,
        payloads_boards.ReleaseAnswer,
        body=(requests_boards.ReleaseRollout,),
        parameters=(fields.IF_MATCH,),
        errors=(412, *_CHANGE_ERRORS),
        example={"percent": 10},
        tag="Boards",
        headers=("ETag",),
    ),
    Operation(
        "DELETE",
        _RELEASE,
        boards.delete_release,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 412),
        success=_NO_CONTENT,
        tag="Boards",
    ),
)
BOARDS = _FOR_BOARDS + _FOR_ADMINS
