"""Structured logs: one JSON object a line on standard error, with the request id wherever there is a request."""

import logging
import sys
from typing import Any

import orjson
import structlog


def configure(level: str) -> None:
    """Sets up the logs of this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def get(name: str) -> Any:
    """A logger that names its lines."""
    return structlog.get_logger(name=name)
