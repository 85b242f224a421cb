"""Posts of boards in words: what came, what became of it, and what to do about it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from portal.core.languages import tr
from portal.core.sites.service.device_posts import BoardPost
from portal.core.words import noted
from portal.ui import formats

_TOKEN_LENGTH: Final = 64
_UNAUTHORISED, _TOO_LARGE, _TOO_MANY = 401, 413, 429
# What an answer means to whoever stands beside the board, by the words it is told in.
_ADVICE: Final = (
    ("offset", noted("Write +02:00 or Z behind the time; boards set to UTC send Z.")),
    ("empty", noted("The board reached the portal and sent nothing: it may be testing the line.")),
    ("cut off", noted("The post broke off on its way: the board sends it again by itself.")),
    ("ends", noted("The post broke off on its way: the board sends it again by itself.")),
    (
        "no known quantity",
        noted("The row has a time and none of the quantities: is the meter read at all?"),
    ),
    ("2010", noted("The board's clock was never set: it has no time server or no network time.")),
    ("in the future", noted("The board's clock is ahead: check its time server and its zone.")),
    ("ahead", noted("The board's clock is ahead: check its time server and its zone.")),
)


class PostRow(TypedDict):
    """One post. `tone` is "ok", "warn" or "fail"."""

    at: str
    at_utc: str
    status: str
    tone: str
    title: str
    rows: str
    words: str
    advice: str
    address: str


def build_posts(posts: Iterable[BoardPost], zone: str, now: datetime) -> list[PostRow]:
    """Return the posts of a board as rows, in their order."""
    return [_row(post, _words(post), advice_on(post), zone, now) for post in posts]


def build_unknown(posts: Iterable[BoardPost], last4: str, zone: str, now: datetime) -> list[PostRow]:
    """Return posts with tokens that nobody has, beside a meter whose token ends in `last4`."""
    return [_row(post, _unknown_words(post, last4), _unknown_advice(post), zone, now) for post in posts]


def advice_on(post: BoardPost) -> str:
    """Say what to do about a post, or nothing."""
    if post.status == _UNAUTHORISED:
        return tr("Put the present token on the board, or make a new one with Rotate.")
    if post.status == _TOO_LARGE:
        return tr("Have the board send fewer readings in one post.")
    if post.status == _TOO_MANY:
        return tr("The board posts too often: it waits as long as the answer says.")
    if not post.has_trouble:
        return ""
    return next((tr(advice) for words, advice in _ADVICE if words in post.reason), "")


def _row(post: BoardPost, words: str, advice: str, zone: str, now: datetime) -> PostRow:
    local = post.posted_at.astimezone(ZoneInfo(zone))
    is_today = local.date() == now.astimezone(ZoneInfo(zone)).date()
    return {
        "at": f"{local:%H:%M:%S}" if is_today else f"{formats.day_of_month(local)}, {local:%H:%M}",
        "at_utc": formats.utc_time(post.posted_at),
        "status": str(post.status),
        "tone": "fail" if post.is_refused else "warn" if post.has_trouble else "ok",
        "title": _title(post),
        "rows": formats.MISSING if post.rows is None else str(post.rows),
        "words": words,
        "advice": advice,
        "address": post.address,
    }


def _title(post: BoardPost) -> str:
    if post.status == _UNAUTHORISED and post.device_id is None:
        return tr("401, unknown token")
    if post.status >= 400:
        return tr("{status}, refused", status=post.status)
    if post.is_refused:
        return tr("200, every row refused")
    return tr("200, stored in part") if post.has_trouble else tr("200, stored")


def _words(post: BoardPost) -> str:
    if post.status >= 400:
        return post.reason
    parts = [
        f"{amount} {word}"
        for amount, word in (
            (post.stored_rows, "stored"),
            (post.known_rows, tr("there already")),
            (post.refused_rows, "refused"),
        )
        if amount
    ]
    words = ", ".join(parts) or tr("no rows")
    return f"{words}: {post.reason}" if post.reason else words


def _unknown_words(post: BoardPost, last4: str) -> str:
    if not post.token_length:
        return tr("No token came: the header is Authorization: Bearer, and the token behind it.")
    came = tr("{token_length} characters came", token_length=post.token_length)
    came += (
        ""
        if post.token_length == _TOKEN_LENGTH
        else tr(" instead of {token_length}", token_length=_TOKEN_LENGTH)
    )
    if not post.token_last4:
        return f"{came}."
    own = tr(", this meter's in {last4}", last4=last4) if last4 else ""
    return tr("{came}; it ends in {token_last4}{own}.", came=came, token_last4=post.token_last4, own=own)


def _unknown_advice(post: BoardPost) -> str:
    if post.token_length == _TOKEN_LENGTH:
        return tr("It is another board's, or an old one: copy the whole block again.")
    return tr("Copy the whole block again.") if post.token_length else tr("Put the block below on the board.")
