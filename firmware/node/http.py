"""As much of HTTP/1.1 as posting readings takes; what an answer may be long is bounded."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import Stream

_MOST_HEAD, MOST_BODY = 2048, 8192
_LINE_END = b"\r\n"


class Answer:
    """What came back: `headers` have small names, `is_kept`: the connection can be used again."""

    def __init__(self, status: int, headers: "dict[str, str]", body: bytes, is_kept: bool) -> None:  # noqa: FBT001
        self.status = status
        self.headers = headers
        self.body = body
        self.is_kept = is_kept


class NoHttp(OSError):
    """What came back is no answer."""


class TooLong(NoHttp):
    """The answer is longer than a board takes."""


def post(stream: "Stream", host: str, path: str, token: str, packed: "memoryview", word: str = "") -> Answer:
    """Post gzip JSON and return the answer; `word` is one more header. Raises OSError."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"{word}Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    )
    stream.write(head.encode())
    stream.write(packed)
    return Reader(stream).answer()


class Reader:
    """Reads an answer off a stream."""

    def __init__(self, stream: "Stream") -> None:
        self._stream = stream
        self._came = b""

    def answer(self) -> Answer:
        """Return the answer. Raises OSError."""
        status = 100
        headers: dict[str, str] = {}
        while 100 <= status < 200:
            status, headers = self._head()
        chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        length = headers.get("content-length")
        if chunked:
            body = self._chunks()
        elif length is not None:
            body = self._exactly(_number(length, 10))
        else:
            body = b"" if status in (204, 304) else self._rest()
        is_kept = (chunked or length is not None) and headers.get("connection", "").lower() != "close"
        return Answer(status, headers, body, is_kept)

    def _head(self) -> "tuple[int, dict[str, str]]":
        words = self._line().split(None, 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1."):
            raise NoHttp("no status line")
        headers: dict[str, str] = {}
        left = _MOST_HEAD
        while True:
            line = self._line()
            if not line:
                return _number(words[1], 10), headers
            left -= len(line)
            if left < 0:
                raise NoHttp("endless headers")
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()

    def _line(self) -> str:
        while _LINE_END not in self._came:
            if len(self._came) > _MOST_HEAD:
                raise NoHttp("endless line")
            self._more()
        line, _, self._came = self._came.partition(_LINE_END)
        try:
            return str(line, "utf-8")
        except (UnicodeError, ValueError) as error:
            raise NoHttp("no text") from error

    def _exactly(self, count: int) -> bytes:
        if count > MOST_BODY:
            raise TooLong
        while len(self._came) < count:
            self._more()
        body, self._came = self._came[:count], self._came[count:]
        return body

    def _chunks(self) -> bytes:
        body = b""
        while True:
            size = _number(self._line().split(";")[0], 16)
            if size + len(body) > MOST_BODY:
                raise TooLong
            if not size:
                while self._line():
                    pass
                return body
            body += self._exactly(size)
            self._line()

    def _rest(self) -> bytes:
        while len(self._came) <= MOST_BODY:
            came = self._stream.read(512)
            if not came:
                return self._came
            self._came += came
        raise TooLong

    def _more(self) -> None:
        came = self._stream.read(512)
        if not came:
            raise NoHttp("closed")
        self._came += came


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError as error:
        raise NoHttp("no number") from error
    if number < 0:
        raise NoHttp("no number")
    return number
