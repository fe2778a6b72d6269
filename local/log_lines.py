"""Formats the functions' JSON log lines for the console of `make run`. Elsewhere they stay JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

# Fields that Powertools adds to every line, and that are not useful on a console.
_LEFT_OUT: Final = frozenset({"level", "location", "message", "timestamp", "service", "xray_trace_id", "stack"})
_UNAUTHORIZED: Final = re.compile(r"(?:^|\r)\[ERROR\] Unauthorized: Unauthorized(?:\r|$)")  # awslambdaric's format


def readable(text: str, prefix: str) -> str:
    """Format a line of a function, without its newline. `prefix` names the function if the line itself does not."""
    line = _fields(text)
    if line is None or "message" not in line:
        return prefix + text
    if line["message"] == "request" and "status" in line:
        return " ".join(_request(line))
    words = [] if line.get("level") == "INFO" else [str(line.get("level"))]
    words += [
        str(line["message"]),
        *(f"{name}={_value(value)}" for name, value in line.items() if name not in _LEFT_OUT),
    ]
    return "\n".join([prefix + " ".join(words), *_stack(line, prefix)])


def is_refusal(text: str) -> bool:
    """Whether a line (with its traceback) is the authorizer's error that means 401. It is not a fault."""
    return _UNAUTHORIZED.search(text) is not None


def gateway_line(method: str, path: str, status: int, what: str, request_id: str) -> str:
    """Format a request that reached no function. `what` is the name of the gateway response."""
    return f"{method} {path} {status} {what} {request_id}"


def _fields(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _request(line: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words of a line such as: POST /v1/audio/speech 200 91 ms espeak-ng 34 chars $0 req_0."""
    yield f"{line.get('method')} {line.get('route', line.get('endpoint'))} {line['status']}"
    yield f"{line.get('elapsed_ms', 0):.0f} ms"
    if "model" in line:
        yield str(line["model"])
    failed = line.get("failed", ())
    for failure in failed:
        if "error" in line and failure.get("model") == line.get("model"):
            continue  # the error at the end of the line is this one
        yield f"(after {failure.get('model')}: {failure.get('error')})"
    if "characters" in line:
        yield f"{line['characters']} chars"
    if "audio_ms" in line:
        yield f"{line['audio_ms'] / 1000:.1f} s"
    if "price_microusd" in line:
        yield f"${_dollars(line['price_microusd'])}"
    yield from (name for name in ("cached", "replayed") if line.get(name))
    for name in ("ignored", "unknown_fields"):
        if name in line:
            yield f"{name}={_value(line[name])}"
    yield from (str(line[name]) for name in ("error", "code") if name in line)
    if "param" in line:
        yield f"param={_value(line['param'])}"
    reasons = [each["reason"] for each in (line, *failed) if "reason" in each]
    yield from (f"reason={_value(reason)}" for reason in dict.fromkeys(reasons))
    yield str(line.get("request_id", ""))


def _dollars(microusd: int) -> str:
    return f"{microusd / 1_000_000:.6f}".rstrip("0").rstrip(".")


def _value(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    if isinstance(value, str) and value and " " not in value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _stack(line: Mapping[str, Any], prefix: str) -> list[str]:
    stack = line.get("stack")
    return [prefix + each for each in stack.splitlines() if each] if isinstance(stack, str) else []
