"""The language a person reads, and how they want numbers written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.errors import Invalid, NotFound
from portal.core.identity.queries import accounts as queries
from portal.core.languages import LANGUAGES, LOCALES, Speech, usual_locale
from portal.core.words import say

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.stack import Stack


async def set_speech(stack: Stack, user: UUID | str, language: str, locale: str = "") -> Speech:
    """Have a person, by their id or address, spoken to in a language, with numbers as in a locale; returns both.

    Without a locale numbers are written as is usual in the language. Raises `Invalid` for one there is not, `NotFound`.
    """
    speech = Speech(language, locale or usual_locale(language))
    if language not in LANGUAGES:
        raise Invalid(
            say(
                "There is no language {language}: choose one of {known}.",
                language=repr(language[:20]),
                known=", ".join(LANGUAGES),
            )
        )
    if speech.locale not in LOCALES:
        raise Invalid(
            say(
                "There is no locale {locale}: choose one of {known}.",
                locale=repr(locale[:20]),
                known=", ".join(LOCALES),
            )
        )
    async with stack.db.transaction() as session:
        found = await (
            queries.find_credentials(session, user.strip().lower())
            if isinstance(user, str)
            else queries.credentials_of(session, user)
        )
        if found is None:
            raise NotFound("There is no such account.")
        before = Speech(found.actor.language, found.actor.locale)
        if speech != before:
            await queries.set_speech(session, found.actor.id, speech.language, speech.locale)
            await audit.record(session, "user.language_changed", found.actor.email, _change(before, speech))
    return speech


def _change(before: Speech, after: Speech) -> str:
    return f"{before.language}, {before.locale} → {after.language}, {after.locale}"
