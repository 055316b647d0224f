"""Structured logs as JSON lines. Invariant: ids, types, municipality, position and action; never a payload."""

import logging
import sys
import traceback
from pathlib import PurePath

import stamina
import structlog

_ALLOWED = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "service",
        "where",
        "dropped",
        "municipality",
        "stream",
        "position",
        "incarnation",
        "topic",
        "offset",
        "count",
        "type",
        "error",
        "action",
        "seconds",
        "shard",
        "shards",
        "port",
        "method",
        "path",
        "status",
        "attempt",
        "streams",
        "worker",
        "log",
        "logger",
        "why",
        "party",
        "code",
        "lines",
    ]
)


def _only_allowed(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    strange = event.keys() - _ALLOWED
    for name in strange:
        del event[name]
    if strange:
        event["dropped"] = sorted(strange)
    return event


def where(error: BaseException) -> list[str]:
    """The innermost places of an error, as `module:line`: what a traceback tells without showing any value."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return [f"{PurePath(frame.filename).stem}:{frame.lineno}" for frame in frames]


def configure(service: str, level: str) -> None:
    """Set up logs for a service process; libraries' own logs come out as their logger's name and level only."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.contextvars.merge_contextvars,
            _only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # The retries' own log would name the arguments of what is retried.
    stamina.instrumentation.set_on_retry_hooks([])
    structlog.contextvars.bind_contextvars(service=service)
    handler = _NameOnly()
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _NameOnly(logging.Handler):
    """A library's message can hold what it was given, so only where it came from and its kind are passed on."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        structlog.get_logger().warning(
            "library log", logger=record.name, lines=record.lineno, code=record.levelname, error=error
        )
