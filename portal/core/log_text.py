"""What may stand in a log: no secret, no payload, and nothing that looks like a line of its own.

Everything that is logged comes through here, whoever wrote it: texts of visitors, of the framework, of exceptions.
"""

from __future__ import annotations

import re
from itertools import takewhile
from string import hexdigits

MASK = "***"
LONGEST = 500
# What is looked at: enough for what is shown, however much is masked before it.
_LONGEST_SEEN = 4000
_LONGEST_WORD = 300
_SECRET_WORDS = ("token", "password", "secret", "authorization", "cookie", "apikey", "api_key", "payload")
# A name, and what stands between it and its value in JSON (also within JSON), Python, a header, a query.
_NAMED = (
    r"(?:cookie|authorization|token|password|passwd|secret|api[-_]?key)[\w-]{0,40}"
    r"""\\{0,4}["']?\s{0,3}(?:[:=]|(?<=["']),)\s{0,3}"""
)
_QUOTED = r"""b?(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\\{1,4}["'].*?(?:\\{1,4}["']|\Z))"""
_BARE = r"[^\s,;&)}\]]+"
_MASKED = (
    # The rest of the text: a header's line, and whatever a framework prints of a message it was sent.
    (r"""(\b(?:set-)?cookie\s{0,3}:\s{0,3})(?!b?["']).*""", r"\1***"),
    (r"""(\b(?:proxy-)?authorization\s{0,3}:\s{0,3})(?!b?["']).*""", r"\1***"),
    (r"""(\bpayload["']?\s{0,3}[=:]).*""", r"\1 ***"),
    (r"""(\bevent data\b).*""", r"\1 ***"),
    # A name and its value, as a dictionary, a list of headers, a call or an address has them.
    (rf"({_NAMED})(?:{_QUOTED}|{_BARE})", r"\1***"),
    (r"""(\bportal_\w{1,40}=)[^\s;"',]+""", r"\1***"),
    (r"(\b(?:bearer|basic)\s{1,3})\S+", r"\1***"),
    (r"(://[^\s:/@]{0,200}:)[^\s@]{1,500}(?=@)", r"\1***"),
    (r"[0-9a-f]{40,}", MASK),
)
_RULES = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), by) for pattern, by in _MASKED)


def is_secret(name: str) -> bool:
    """Tell whether a field of this name holds what no log may show."""
    lower = name.lower().replace("-", "_")
    return any(word in lower for word in _SECRET_WORDS)


def safe(text: str, longest: int = LONGEST) -> str:
    """Return a text as it may be logged: short, on one line, printable, and without cookies, tokens or payloads."""
    return shortened(one_line(masked(text).strip()), longest)


def masked(text: str) -> str:
    """Return a text with every secret and payload in it masked; what is too long is cut, between words."""
    if len(text) > _LONGEST_SEEN:
        text = _without_last_word(text[:_LONGEST_SEEN]) + "..."
    for pattern, by in _RULES:
        text = pattern.sub(by, text)
    return text


def _without_last_word(text: str) -> str:
    """Return a text without the beginning of a secret at its end; what has no blanks loses `_LONGEST_WORD` characters.

    Looked for from behind: a search from the front tries every character of what has no blanks. Of a longer word
    nothing stays that could be the beginning of a token.
    """
    word = takewhile(lambda character: not character.isspace(), reversed(text[-_LONGEST_WORD:]))
    return text[: len(text) - sum(1 for _ in word)].rstrip(hexdigits)


def one_line(text: str) -> str:
    """Return a text with everything escaped that a terminal or a reader of lines takes for more than a character.

    Line ends of every kind (also of Unicode), terminal escapes, marks that turn the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= longest else text[: longest - 3] + "..."
