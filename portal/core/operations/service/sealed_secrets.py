"""The key under which secrets are sealed is changed, and everything that was sealed under the one before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.errors import Conflict
from portal.core.identity import proof
from portal.core.identity.secrets import sealing
from portal.core.operations.queries import sealed_secrets

if TYPE_CHECKING:
    from portal.core.stack import Stack

_NO_KEY = (
    "Something is sealed under a key that is not here: bring it back as Authentication__EarlierSecretKeys, "
    "or reset the second factors and type alert channels in again."
)
# Who read the key just before there was a new one has stored what it sealed by then.
_PAUSE_SECONDS = 2


async def rotate(stack: Stack) -> int:
    """Seal everything that is sealed anew, under the first key of the settings, or else under a new one of the file.

    The stack may run. Earlier keys of the file are forgotten then; those of the settings may be taken out. Returns how
    many secrets there are. Raises `Conflict`, with nothing changed but a key added, where one cannot be opened.
    """
    has_file = not stack.settings.authentication.secret_key.get_secret_value()
    directory = stack.settings.storage.data_directory
    if has_file:
        sealing.put_new_key(directory)
    count = await _seal_anew(stack, is_noted=True)
    if has_file:
        await asyncio.sleep(_PAUSE_SECONDS)
        count = await _seal_anew(stack)
        sealing.keep_newest_key(directory)
    return count


async def _seal_anew(stack: Stack, *, is_noted: bool = False) -> int:
    seal, count = proof.seal(stack), 0
    async with stack.db.transaction() as session:
        for column in sealed_secrets.sealed_columns(stack.layout):
            for row, sealed in await sealed_secrets.kept(session, column):
                anew = seal.anew(sealed)
                if anew is None:
                    raise Conflict(_NO_KEY)
                await sealed_secrets.put(session, column, row, anew)
                count += 1
        if is_noted:
            await audit.record(session, "secrets.sealed_anew", f"{count} secrets")
    return count
