"""Log events, as Lambda and the local stack read them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

from audio_gateway.lambda_runtime.failure import Failure
from audio_gateway.lambda_runtime.logs import Logs

FAILURE = Failure("LookupError", "no\nvoice", ['  File "a.py", line 1, in f\n    raise\n'])


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger, which a test may change."""
    logger = logging.getLogger()
    handlers, level, converter = logger.handlers[:], logger.level, logging.Formatter.converter
    logger.handlers.clear()
    yield logger
    logger.handlers[:], logging.Formatter.converter = handlers, converter
    logger.setLevel(level)


class Pipe:
    """The pipe of Lambda, and the frames in it."""

    def __init__(self) -> None:
        self._read, self.write = os.pipe()

    def frames(self) -> list[tuple[int, str]]:
        """Return the type and the text of each frame, and close the pipe."""
        os.close(self.write)
        with os.fdopen(self._read, "rb") as file:
            data = file.read()
        found = []
        while data:
            size, microseconds = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:16], "big")
            assert 1_700_000_000e6 < microseconds < 10_000_000_000e6
            found.append((int.from_bytes(data[:4], "big"), data[16 : 16 + size].decode()))
            data = data[16 + size :]
        return found


def logs(pipe: Pipe | None = None, **variables: str) -> Logs:
    environ = dict(variables)
    if pipe is not None:
        environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(pipe.write)
    made = Logs(environ)
    assert "_LAMBDA_TELEMETRY_LOG_FD" not in environ
    made.set_up()
    made.request_id = "req-1"
    return made


def error_with_stack(logger: logging.Logger) -> None:
    try:
        next(iter(()))
    except StopIteration:
        logger.exception("it\nfailed", extra={"model": "hibari"})


def test_an_event_of_several_lines_is_one_frame(root: logging.Logger) -> None:
    pipe = Pipe()
    logs(pipe)
    error_with_stack(root)
    ((kind, text),) = pipe.frames()
    assert kind == 0xA55A0003
    assert text.startswith("[ERROR]\t")
    assert "\treq-1\tit\nfailed\nTraceback (most recent call last):\n" in text
    assert text.endswith("StopIteration\n")


@pytest.mark.parametrize(
    ("level", "kind"),
    [(5, 0x03), (10, 0x0B), (20, 0x0F), (25, 0x0F), (30, 0x13), (40, 0x17), (50, 0x1B), (60, 0x1B)],
)
def test_a_frame_tells_the_level_if_levels_are_filtered(level: int, kind: int, root: logging.Logger) -> None:
    pipe = Pipe()
    logs(pipe, AWS_LAMBDA_LOG_LEVEL="trace")
    root.setLevel(1)
    root.log(level, "a")
    assert [found for found, _ in pipe.frames()] == [0xA55A0000 + kind]


def test_events_below_the_level_are_left_out(root: logging.Logger) -> None:
    pipe = Pipe()
    logs(pipe, AWS_LAMBDA_LOG_LEVEL="ERROR")
    root.warning("a")
    root.error("b")
    assert len(pipe.frames()) == 1


def test_an_event_in_json_has_the_fields_of_aws(root: logging.Logger) -> None:
    pipe = Pipe()
    made = logs(pipe, AWS_LAMBDA_LOG_FORMAT="JSON")
    made.tenant_id = "tenant"
    error_with_stack(root)
    root.info("not wanted")
    root.warning({"a": "caf\u00e9"})
    (kind, text), (other_kind, other) = pipe.frames()
    event: dict[str, Any] = json.loads(text)
    assert kind == 0xA55A0016
    assert (event["level"], event["message"], event["logger"], event["requestId"], event["tenantId"]) == (
        "ERROR",
        "it\nfailed",
        "root",
        "req-1",
        "tenant",
    )
    assert (event["errorType"], event["errorMessage"], event["model"]) == ("StopIteration", "", "hibari")
    assert "next(iter(()))" in event["stackTrace"][0]
    assert event["location"].startswith(__file__)
    assert event["timestamp"].endswith("Z")
    assert (other_kind, json.loads(other)["message"], "caf\u00e9" in other) == (0xA55A0012, {"a": "caf\u00e9"}, True)


def test_an_error_of_the_handler_is_one_frame() -> None:
    pipe = Pipe()
    logs(pipe).write_failure(FAILURE)
    ((kind, text),) = pipe.frames()
    assert kind == 0xA55A0017
    assert text.split("\n") == [
        "[ERROR] LookupError: no",
        "voice",
        "Traceback (most recent call last):",
        '\u00a0\u00a0File "a.py", line 1, in f',
        "\u00a0\u00a0\u00a0\u00a0raise",
    ]


def test_an_error_of_the_handler_in_json_has_the_fields_of_aws() -> None:
    pipe = Pipe()
    logs(pipe, AWS_LAMBDA_LOG_FORMAT="JSON").write_failure(FAILURE)
    ((kind, text),) = pipe.frames()
    event = json.loads(text)
    assert (kind, event.pop("timestamp")[-1]) == (0xA55A0016, "Z")
    assert event == {
        "level": "ERROR",
        "errorMessage": "no\nvoice",
        "errorType": "LookupError",
        "requestId": "req-1",
        "stackTrace": FAILURE.stack,
    }


def test_without_the_pipe_an_event_is_one_line_of_standard_output(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    made = logs()
    made.write_failure(FAILURE)
    root.warning("a\nb")
    error, warning = capsys.readouterr().out.removesuffix("\n").split("\n")
    assert error.split("\r")[:3] == ["[ERROR] LookupError: no", "voice", "Traceback (most recent call last):"]
    assert warning.startswith("[WARNING]\t20")
    assert warning.endswith("Z\treq-1\ta\rb")


def test_without_the_pipe_an_event_in_json_is_one_line(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    made = logs(AWS_LAMBDA_LOG_FORMAT="json")
    made.write_failure(FAILURE)
    root.warning("a")
    error, warning = capsys.readouterr().out.removesuffix("\n").split("\n")
    assert json.loads(error)["errorType"] == "LookupError"
    assert json.loads(warning)["message"] == "a"
