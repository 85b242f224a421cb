"""A draft whose tariff somebody else has changed or deleted since it began: nothing of theirs is replaced unseen."""

from dataclasses import dataclass, replace

from portal.client.rates.draft import Draft, draft_of, fingerprint
from portal.client.rates.grid import wire_of
from portal.core.errors import NotFound, Outdated
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.tariffs.service import tariffs
from portal.core.words import noted, say
from portal.web.events.drafts import CHANGED_SINCE

_CHANGED = say(
    "Not saved yet. {changed_since}: saving all the same replaces that.", changed_since=CHANGED_SINCE
)
_GONE = noted("Not saved yet. The tariff has been deleted since you began: saving stores it as a new one.")


@dataclass(frozen=True)
class Comparison:
    """A draft beside what is stored: what has become of that in words, and a mark of it to agree to replace.

    The words are empty where it is what the draft began with; where it was deleted, the draft is a new tariff.
    """

    draft: Draft
    words: str = ""
    mark: str = ""


async def compared_with_stored(draft: Draft) -> Comparison:
    """How a draft stands to the tariff it began with, if any."""
    return (await _compared(draft))[0]


async def save_draft(draft: Draft, agreed: str) -> Comparison:
    """Store a draft, unless what is stored is neither what it began with nor what `agreed` is the mark of.

    Where the answer has words, nothing was stored. Raises `Invalid`, `Conflict` as the service does.
    """
    found, version = await _compared(draft)
    if found.words and (not found.mark or found.mark != agreed):
        return found
    try:
        # What has been looked at must still be stored when it is replaced: the service sees to that.
        expected = [version] if draft.id else None
        # The form asks about prices below zero itself, before they are in force.
        await tariffs.save_tariff(current(), wire_of(draft), expected, is_confirmed=True)
    except (NotFound, Outdated):
        found = await compared_with_stored(draft)
        return found if found.words else replace(found, words=tr(_CHANGED))
    return Comparison(draft)


async def _compared(draft: Draft) -> tuple[Comparison, str]:
    """Return how a draft stands, and the version of the stored tariff it was compared with."""
    if not draft.id:
        return Comparison(draft), ""
    try:
        found = await tariffs.get_tariff(current(), int(draft.id) if draft.id.isdecimal() else 0)
    except NotFound:
        return Comparison(replace(draft, id="", base=""), tr(_GONE)), ""
    mark = fingerprint(draft_of(found.tariff))
    return Comparison(draft, "" if mark == draft.base else tr(_CHANGED), mark), found.version
