"""Structured logging: one event per line, JSON in Production and readable text in Development.

Every logger of the process ends here: ours, and by the standard library's records those of the framework, the servers
and the drivers. No line holds a secret or what somebody sent (`log_text`), and no kind of line comes without limit.
"""

from __future__ import annotations

import logging
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import structlog

from portal.core.budget import Budget, Grant
from portal.core.log_text import is_secret, safe
from portal.core.log_trace import trace

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, Processor

MORE = "more like it are left out for a minute"
# These print what they were sent in the middle of their words: what follows them is left out, and so are the words of
# exceptions.
_TALKATIVE = ("reflex", "socketio", "engineio", "asyncio")
# They would bring a handler of their own unless they have a level.
_SELF_MADE = ("socketio.server", "socketio.client", "engineio.server", "engineio.client")
_ORDINARY_FIELDS = ("event", "level", "timestamp", "part", "exception", "exc_info", "note")
_LINES_A_MINUTE, _LINES_OF_ALL, _TRACES_A_MINUTE = 30, 600, 5
_INDENT = "  | "
_plain_factory = logging.LogRecord


def configure_logging(*, as_json: bool, level: int = logging.INFO) -> None:
    """Send structured events to standard error; called once per process, and harmless when called again."""
    chain: list[Processor] = [_Bounded(), _with_trace, _clean]
    chain += [structlog.processors.JSONRenderer()] if as_json else [_indent_trace, _text_renderer()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *chain,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_over_standard_logging(chain)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one part of the product.

    Lines about a request have its name, `request`. `may_repeat_input=True` beside an exception leaves its words out.
    """
    return structlog.get_logger(part=name)


class _Bounded:
    """Leaves out warnings and errors of one kind that come by the dozen, and the traces of most of them."""

    def __init__(self) -> None:
        self._lines = Budget(_LINES_A_MINUTE, _LINES_OF_ALL)
        self._traces = Budget(_TRACES_A_MINUTE, _LINES_OF_ALL)

    def __call__(self, _: object, __: str, event: EventDict) -> EventDict:
        if event.get("level") in ("debug", "info"):
            return event
        kind = f"{event.get('part')} {event.pop('place', None) or str(event.get('event'))[:80]}"
        grant = self._lines.take(kind)
        if grant is Grant.NO:
            raise structlog.DropEvent
        if grant is Grant.LAST:
            event["note"] = MORE
        if event.get("exc_info") and self._traces.take(kind) is Grant.NO:
            event["exc_info"] = None
        return event


def _with_trace(_: object, __: str, event: EventDict) -> EventDict:
    """Put the trace of an exception into the event, as `exception`."""
    error: object = event.pop("exc_info", None)
    wordless = event.pop("may_repeat_input", False)
    if isinstance(error, tuple):
        error = cast("tuple[object, ...]", error)[1]
    elif error and not isinstance(error, BaseException):
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = trace(error, with_words=not wordless)
    return event


def _clean(_: object, __: str, event: EventDict) -> EventDict:
    """Mask what must not be read, and make one printable line of every text. A trace is clean already."""
    for key, value in event.items():
        if key not in _ORDINARY_FIELDS and is_secret(key):
            event[key] = "***"
        elif key != "exception" and value is not None and not isinstance(value, (bool, int, float)):
            event[key] = safe(value if isinstance(value, str) else repr_of(value))
    return event


def repr_of(value: object) -> str:
    """Return an object's words; a log never fails by what it is to say."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever an object of others does
        return type(value).__name__


def _indent_trace(_: object, __: str, event: EventDict) -> EventDict:
    """No line of a trace can be taken for an event."""
    if "exception" in event:
        event["exception"] = _indented(event["exception"])
    return event


def _indented(lines: str) -> str:
    return "\n".join(_INDENT + line for line in lines.split("\n"))


def _text_renderer() -> Processor:
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _take_over_standard_logging(chain: list[Processor]) -> None:
    logging.setLogRecordFactory(_clean_record)
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _ThroughChain)]:
        root.removeHandler(handler)
    root.addHandler(_ThroughChain(chain))
    root.setLevel(logging.WARNING)
    for name in _SELF_MADE:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _note_uncaught
    threading.excepthook = _note_uncaught_in_thread
    sys.unraisablehook = _note_unraisable


# Any: whatever a record is made from, handed on.
def _clean_record(*arguments: Any, **more: Any) -> logging.LogRecord:
    """Make a record that is fit to be read, whatever handler prints it."""
    record = _plain_factory(*arguments, **more)
    is_talkative = record.name.startswith(_TALKATIVE)
    if is_talkative:
        record.msg, record.args = _its_own_words(record), ()
    else:
        record.msg = safe(repr_of(record.msg))
        if isinstance(record.args, tuple):
            record.args = tuple(_argument(one) for one in record.args)
        elif record.args:
            record.args = {name: _argument(one) for name, one in record.args.items()}
    if record.exc_info and record.exc_info[1] is not None:
        record.exc_text = _indented(trace(record.exc_info[1], with_words=not is_talkative))
    record.exc_info = None
    return record


def _its_own_words(record: logging.LogRecord) -> str:
    """Return the beginning of a message, up to what it was sent."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError):
        message = repr_of(record.msg)
    first = message.split("\n", 1)[0]
    for sign in (": ", "{", "(", "<"):
        first = first.split(sign, 1)[0]
    return safe(first, 200)


class _Shown:
    """An argument of a record, clean however it is printed."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return safe(repr_of(self._value))

    def __repr__(self) -> str:
        try:
            return safe(repr(self._value))
        except Exception:  # noqa: BLE001 - whatever an object of others does
            return type(self._value).__name__


def _argument(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return safe(value) if isinstance(value, str) else _Shown(value)


class _ThroughChain(logging.Handler):
    """Prints records of the standard library as our own events are."""

    def __init__(self, chain: list[Processor]) -> None:
        super().__init__()
        self._chain = chain

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record, unless there were too many from its place."""
        try:
            # Any: each step of the chain returns what the next one takes, and the last a line.
            event: Any = {
                "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
                "level": record.levelname.lower(),
                "event": record.getMessage(),
                "part": record.name,
                "place": f"{record.pathname}:{record.lineno}",
                **structlog.contextvars.get_contextvars(),
            }
            if record.exc_text:
                event["exception"] = "\n".join(
                    line.removeprefix(_INDENT) for line in record.exc_text.split("\n")
                )
            for processor in self._chain:
                event = processor(None, record.levelname, event)
            sys.stderr.write(f"{event}\n")
        except structlog.DropEvent:
            return
        except Exception:  # noqa: BLE001 - as every handler: logging never fails what is logged
            self.handleError(record)


def _note_uncaught(kind: type[BaseException], error: BaseException, tb: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, tb)
        return
    logging.getLogger("portal").critical("ended by an error nobody caught", exc_info=(kind, error, tb))


def _note_uncaught_in_thread(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None:
        logging.getLogger("portal").error("a thread ended by an error nobody caught", exc_info=what.exc_value)


def _note_unraisable(what: sys.UnraisableHookArgs) -> None:
    if what.exc_value is not None:
        logging.getLogger("portal").error("an error nobody could be told", exc_info=what.exc_value)
