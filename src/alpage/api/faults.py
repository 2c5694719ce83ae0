"""Faults on request: in the sandbox a call with the header `X-Sandbox-Fault` goes wrong, to see what a program makes
of it.

    X-Sandbox-Fault: status=503; probability=0.2          the answer is this error, and nothing is done
    X-Sandbox-Fault: error=lock_error                     the same, by a code of the catalogue
    X-Sandbox-Fault: latency=2000                         the answer comes so many milliseconds later
    X-Sandbox-Fault: drop=before                          the connection closes, and nothing was done
    X-Sandbox-Fault: drop=after                           the connection closes, and all was done

`dispatch.py` reads it and has it strike; the edge delays and drops, which must keep no worker thread from its work.
"""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import random
from typing import Any

from alpage.api.errors import CATALOGUE, ApiError

HEADER = "X-Sandbox-Fault"
KEY = HEADER.lower()
SETTING = "ALPAGE_SANDBOX"
LONGEST_LATENCY_MS = 30_000
LEAST_STATUS, MOST_STATUS = 400, 599
RETRY_AFTER_SECONDS = 1
USUAL = {  # of statuses that many codes have
    400: "malformed_json",
    403: "access_denied",
    404: "object_not_found",
    409: "conflict",
    422: "validation_failed",
    500: "unexpected_error",
    503: "service_unavailable",
}
OPEN_FILES = Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class SandboxFault:
    """What is to go wrong with a call. `error` is a code; `drop` says when the connection closes, if it does."""

    error: str = ""
    latency_ms: int = 0
    drop: str = ""
    probability: float = 1.0

    def strike(self) -> None:
        """Raises the error that was asked for; and one that nobody sees, where nothing is to be done."""
        if self.error:
            raise _simulated(self.error)
        if self.drop == "before":
            raise _simulated("service_unavailable")

    def __str__(self) -> str:
        """The fault as its header says it."""
        parts = {"error": self.error, "latency": self.latency_ms, "drop": self.drop}
        return "; ".join(f"{name}={value}" for name, value in parts.items() if value)


def read(headers: Mapping[str, str], *, is_sandbox: bool) -> SandboxFault | None:
    """The fault a request asks for, if it asks for one and is not spared this time.

    Raises `sandbox_off`, `sandbox_fault_invalid`.
    """
    given = headers.get(KEY)
    if given is None:
        return None
    require_sandbox(is_sandbox=is_sandbox)
    fault = SandboxFault()
    for part in filter(None, (part.strip() for part in given.replace(",", ";").split(";"))):
        name, _, value = part.partition("=")
        reader = _READERS.get(name.strip().lower())
        if reader is None:
            raise _invalid(part, [f"{name}=…" for name in _READERS])
        fault = replace(fault, **reader(part, value.strip()))
    return fault if random() < fault.probability else None  # noqa: S311 - nothing depends on its being hard to guess


def require_sandbox(*, is_sandbox: bool) -> None:
    """Raises `sandbox_off` where the setting does not allow it."""
    if not is_sandbox:
        raise ApiError("sandbox_off", setting=SETTING)


def _read_status(part: str, value: str) -> dict[str, Any]:
    by_status = {CATALOGUE.status(code): code for code in reversed(_codes())} | USUAL
    status = int(value) if value.isdecimal() and len(value) == 3 else 0
    if status not in by_status:
        raise _invalid(part, [f"status={status}" for status in sorted(by_status)])
    return {"error": by_status[status]}


def _read_error(part: str, value: str) -> dict[str, Any]:
    if value not in _codes():
        raise _invalid(part, [f"error={code}" for code in sorted(_codes())])
    return {"error": value}


def _read_latency(part: str, value: str) -> dict[str, Any]:
    milliseconds = int(value) if value.isdecimal() and len(value) < 10 else -1
    if not 0 <= milliseconds <= LONGEST_LATENCY_MS:
        raise _invalid(part, [f"latency=0…{LONGEST_LATENCY_MS}"])
    return {"latency_ms": milliseconds}


def _read_drop(part: str, value: str) -> dict[str, Any]:
    if value not in ("before", "after"):
        raise _invalid(part, ["drop=before", "drop=after"])
    return {"drop": value}


def _read_probability(part: str, value: str) -> dict[str, Any]:
    try:
        probability = float(value)
    except ValueError:
        probability = -1.0
    if not 0 <= probability <= 1:
        raise _invalid(part, ["probability=0…1"])
    return {"probability": probability}


_READERS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "status": _read_status,
    "error": _read_error,
    "latency": _read_latency,
    "drop": _read_drop,
    "probability": _read_probability,
}


def _codes() -> list[str]:
    """The codes a request as a whole can be answered with."""
    entries = CATALOGUE.entries.items()
    return [code for code, entry in entries if LEAST_STATUS <= entry.get("status", 0) <= MOST_STATUS]


def _simulated(code: str) -> ApiError:
    """An error as it comes from nowhere else: its context says so."""
    status, headers, context = CATALOGUE.status(code), list[tuple[str, str]](), dict[str, Any]()
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    if status in (429, 503):
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
        context["retry_after"] = RETRY_AFTER_SECONDS
    if status == 429:
        context |= {"policy": "sandbox", "limit": 0, "window": RETRY_AFTER_SECONDS}
    return ApiError(code, headers=headers, header=HEADER, **context)


def _invalid(part: str, allowed: list[str]) -> ApiError:
    return ApiError("sandbox_fault_invalid", header=HEADER, part=part, allowed=allowed)


def cut(client: Any) -> bool:
    """Closes the connection of a client of this process, as a cable that is cut would; whether that was possible.

    The server has no word for it: whatever an application does, it sends a status line at least (tried). So the
    connection's socket is looked for among the open files of this process, by the address at its other end.
    """
    if not client or not OPEN_FILES.is_dir():
        return False
    far_end = (str(client[0]), int(client[1]))
    return any(_is_cut(file, far_end) for file in OPEN_FILES.iterdir())


def _is_cut(file: Path, far_end: tuple[str, int]) -> bool:
    try:
        if not file.readlink().name.startswith("socket:"):
            return False
        copy = os.dup(int(file.name))
    except OSError:  # closed since
        return False
    try:
        with socket.socket(fileno=copy) as connection:
            if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.getpeername()[:2] != far_end:
                return False
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # not connected to anybody
        return False
    return True
