from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.console import PrefixedLines, close_log_file, open_log_file


def test_lines_get_the_function_name_and_tracebacks_are_split(capfd: pytest.CaptureFixture[str]) -> None:
    lines = PrefixedLines("Work")

    for piece in (b"one\ntw", b"o\n[ERROR] KeyError\rTraceback\r\xc2\xa0\xc2\xa0File\n\n", "Grüße".encode()[:3]):
        lines.feed(piece)
    lines.close()

    assert capfd.readouterr().out.splitlines() == [
        "Work | one",
        "Work | two",
        "Work | [ERROR] KeyError",
        "Work | Traceback",
        "Work |   File",
        "Work | Gr\ufffd",
    ]


def test_lines_for_cloudwatch_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    lines = PrefixedLines("Work")

    lines.feed(b'{"_aws":{"Timestamp":1}}\n{"level":"INFO"}\n')

    assert capfd.readouterr().out == 'Work | {"level":"INFO"}\n'
    assert lines.last_line == '{"level":"INFO"}'


def test_a_blocked_reader_loses_lines_and_does_not_block_the_stack() -> None:
    script = "from local.console import write\nfor _ in range(3000): write('x' * 99 + chr(10))\nprint('', flush=True)"
    reader, writer = os.pipe()
    os.set_blocking(writer, True)

    with subprocess.Popen(
        [sys.executable, "-c", script.replace("print", "import os; os._exit(0) #")], stdout=writer
    ) as p:
        os.close(writer)
        assert p.wait(timeout=20) == 0

    with os.fdopen(reader, "rb") as file:
        received = file.read()
    assert 0 < len(received) < 300_000


def test_the_log_file_is_replaced_at_each_start(tmp_path: Path) -> None:
    path = tmp_path / "stack.log"
    path.write_text("of the last start")
    open_log_file(path)
    PrefixedLines("SpeechFunction").feed(b'{"status": 200}\n{"_aws": {}}\n')
    close_log_file()
    PrefixedLines("SpeechFunction").feed(b"after the end\n")
    assert path.read_text() == 'SpeechFunction | {"status": 200}\n'
    assert path.stat().st_mode & 0o777 == 0o600
