"""Structured logs as JSON lines. Invariant: ids, types, municipality, position and action; never a payload."""

import logging
import sys

import structlog

_ALLOWED = frozenset(
    ["event", "level", "timestamp", "service", "municipality", "stream", "position", "incarnation", "topic", "offset", "count", "type", "error", "action", "seconds", "shard", "shards", "port", "method", "path", "status", "attempt", "streams", "worker", "log", "logger", "why", "party", "code", "lines"]
)


class PayloadInLog(ValueError):
    """A log call carried a field that is not known to be free of payload."""


def _only_allowed(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if strange := event.keys() - _ALLOWED:
        raise PayloadInLog(f"log fields {sorted(strange)} are not known to be free of payload")
    return event


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
