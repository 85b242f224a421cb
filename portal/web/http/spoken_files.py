"""Serves the HTML of the language that a request is answered in; everything else there is once.

Reflex makes the server of the built pages itself and lets nobody name another class, so its way of finding a file is
replaced.
"""

import os

from reflex.utils.precompressed_staticfiles import PrecompressedStaticFiles

from portal.core.languages import ENGLISH, present

_find = PrecompressedStaticFiles.lookup_path


def _find_spoken(self: PrecompressedStaticFiles, path: str) -> tuple[str, os.stat_result | None]:
    language = present().language
    if language != ENGLISH.language and path.endswith(".html"):
        full_path, found = _find(self, os.path.join(language, path))  # noqa: PTH118 - as it asks for it
        if found is not None:
            return full_path, found
    return _find(self, path)


def install_spoken_files() -> None:
    """Have pages served in the language that `portal.web.http.edge` says, English where there is no other."""
    PrecompressedStaticFiles.lookup_path = _find_spoken
