"""How an exception looks in a log."""

from __future__ import annotations

import traceback

from portal.core.log_text import safe

_FRAMES = 25
_CHAIN = 5
_GROUP = 3


def trace(error: BaseException, *, with_words: bool = True) -> str:
    """Return where an exception comes from, causes first, a frame or a kind per line.

    Without words it says kinds and places only: those of others may repeat what somebody typed.
    """
    lines: list[str] = []
    for number, one in enumerate(_causes(error)):
        if number:
            lines.append("which led to:")
        lines += _lines(one, with_words=with_words)
    return "\n".join(lines)


def _causes(error: BaseException) -> list[BaseException]:
    chain = [error]
    while len(chain) < _CHAIN:
        last = chain[-1]
        before = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if before is None or before in chain:
            break
        chain.append(before)
    return chain[::-1]


def _lines(error: BaseException, *, with_words: bool) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__, limit=-_FRAMES)
    lines = [safe(f"{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}") for frame in frames]
    words = safe(str(error)) if with_words else ""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    lines.append(f"{name}: {words}" if words else name)
    parts: tuple[BaseException, ...] = (
        getattr(error, "exceptions", ()) if kind.__name__.endswith("Group") else ()
    )
    for one in parts[:_GROUP]:
        lines += [f"  {line}" for line in _lines(one, with_words=with_words)]
    return lines
