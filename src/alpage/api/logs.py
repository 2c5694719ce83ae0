"""Structured logs: one JSON object a line on standard error, with the request id wherever there is a request."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

# Not what the variables held: tokens and passwords are among them.
_TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def configure(level: str) -> None:
    """Sets up the logs of this process."""
    least = logging.getLevelNamesMapping()[level.upper()]
    output = structlog.BytesLoggerFactory(sys.stderr.buffer)
    answers.output = output() if least <= logging.INFO else None
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=output,
        cache_logger_on_first_use=True,
    )


def get(name: str) -> Any:
    """A logger that names its lines."""
    return structlog.get_logger(name=name)


class _Adopted(logging.Handler):
    """Hands the lines of a library on to our logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line."""
        get(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def adopt(name: str, level: str) -> None:
    """Has the lines of a library's logger, from a level on, come out with ours and as ours do."""
    logger = logging.getLogger(name)
    logger.setLevel(level.upper())
    logger.propagate = False
    logger.handlers = [_Adopted()]


class Answers:
    """The line of every answer, made without the processors: they took a twelfth of a short request (measured)."""

    def __init__(self) -> None:
        self.output: structlog.BytesLogger | None = None

    def note(self, name: str, fields: dict[str, Any]) -> None:
        """Writes a line, where answers are logged at all."""
        if self.output is not None:
            line = {"name": name, **fields, "event": "answered", "level": "info", "timestamp": datetime.now(UTC)}
            self.output.info(orjson.dumps(line, option=orjson.OPT_UTC_Z))


answers = Answers()
