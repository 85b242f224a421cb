"""Bodies that are no JSON: what can be made of one whose only flaw are words for numbers, and what to say of others."""

import re
from array import array
from bisect import bisect_right
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

NOT_AN_ARRAY = "the body is not a JSON array"
# A row has fewer quantities, and a batch of the most rows fewer in all; what a hostile body costs is bounded by it.
_WORDS_OF_ROW = 64
_WORDS_BESIDE = 100_000
_MOST_STEPS = 1_000_000  # a word is one
_SPACE = b" \t\r\n"
_CHARACTER = rb"[A-Za-z0-9_+\-.#()/]"
_SOUND = rb"(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
# What stands where a value belongs and is no value of JSON.
_WORD = rb"[\[:,][%(space)s]*+(?!%(sound)s(?!%(c)s))(%(c)s{1,32}+)(?!%(c)s)(?=[%(space)s]*+(?:[,}\]]|\Z))" % {
    b"c": _CHARACTER,
    b"sound": _SOUND,
    b"space": _SPACE,
}
# Members and texts without an escape, many at a time, with the word behind them; the beginning of another text; or a
# word behind anything else.
_TOKEN = re.compile(
    rb'(?:"[^"\\]*+"(?:[%(space)s]*+:[%(space)s]*+%(sound)s(?!%(c)s))?(?:[%(space)s}]*+,[%(space)s{]*+(?="))?){1,64}+'
    rb'(?:%(word)s)?|(?P<text>")|%(word)s'
    % {b"c": _CHARACTER, b"sound": _SOUND, b"space": _SPACE, b"word": _WORD}
)
_WORDS = frozenset((1, 3))  # the groups of `_TOKEN` that are words
_PART_OF_TEXT = re.compile(rb'[^"\\]*+(?:(?P<end>")|\\.|\\?\Z)', re.DOTALL)
_MALFORMED = re.compile(r"JSON is malformed: (?P<what>.*) \(byte (?P<at>\d+)\)", re.DOTALL)


class Quoted:
    """A body in which words that C, Python and others print for a number (nan, -inf, 1.#QNAN, None) are texts."""

    def __init__(self, body: bytes) -> None:
        """Read `body` once; the memory it takes is about that of the body."""
        self._body = body
        self._words = array("I")  # where they begin in `text`
        self.text = bytearray()
        self._quote()

    def _quote(self) -> None:
        body, text = self._body, self.text
        taken, token = 0, _TOKEN.search(body)
        most_words = _WORDS_BESIDE + _WORDS_OF_ROW * body.count(b"{")
        for _ in range(_MOST_STEPS):
            if token is None or len(self._words) >= most_words:
                break
            if token.re is _TOKEN and (found := token.lastindex) in _WORDS:
                text += memoryview(body)[taken : token.start(found)]
                self._words.append(len(text))
                text += b'"%b"' % token[found]
                taken = token.end()
            token = _after(token, body)
        text += memoryview(body)[taken:]

    @property
    def has_words(self) -> bool:
        """Whether there was any such word."""
        return bool(self._words)

    def origin(self, at: int) -> int:
        """Return where in the body a byte of `text` comes from; of a word where that begins."""
        before = bisect_right(self._words, at)
        word = self._words[before - 1] - 2 * (before - 1) if before else 0
        return min(max(at - 2 * before, word), len(self._body))


def _after(token: re.Match[bytes], body: bytes) -> re.Match[bytes] | None:
    """Return what follows a token; within a text with escapes that is its next part."""
    is_in_text = token.re is _PART_OF_TEXT or bool(token["text"])
    ends_text = token.re is _PART_OF_TEXT and (token["end"] is not None or token.end() == len(body))
    return (_PART_OF_TEXT if is_in_text and not ends_text else _TOKEN).search(body, token.end())


def body_problem(body: bytes, flaw: str, quoted: Quoted | None = None) -> str:
    """Return what a body is, and where, that the decoder refused with the words `flaw` (of `quoted`, where given)."""
    if not body.strip(_SPACE):
        return "the body is empty"
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or 0 in body[:2]:
        return "the body is not UTF-8 but UTF-16"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        if error.end < len(body) or error.reason != "unexpected end of data":
            return f"the body is not UTF-8: {_line_and_column(body, error.start)}"
        return f"the body is cut off: it ends at {_line_and_column(body, error.start)}"
    found = _MALFORMED.search(flaw)
    if found is None:
        return f"the body is cut off: it ends at {_line_and_column(body, len(body))}"
    at = int(found["at"])
    at = at if quoted is None else quoted.origin(at)
    return f"the body is not JSON: {found['what']} at {_line_and_column(body, at)}"


def without_mark(body: bytes) -> bytes:
    """Return a body without the byte order mark that some editors and boards begin it with."""
    return body.removeprefix(BOM_UTF8)


def _line_and_column(body: bytes, at: int) -> str:
    """Return line and column of a byte, both from 1; a column is a character."""
    begin = body.rfind(b"\n", 0, at) + 1
    line, column = body.count(b"\n", 0, at) + 1, len(body[begin:at].decode(errors="replace")) + 1
    return f"line {line}, column {column}"
