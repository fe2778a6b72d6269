"""`audio-gateway transcribe` with a fake gateway."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.cli.progress import ProgressDisplay
from tests.fakes.job_gateway import FakeGateway
from tests.unit.cli.operator import run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
BIG = 5_000_000


def recording(name: str, size: int = 10) -> str:
    Path(name).write_bytes(b"x" * size)
    return name


@pytest.mark.parametrize(
    ("wanted", "ending"),
    [
        ("text", "txt"),
        ("srt", "srt"),
        ("vtt", "vtt"),
        ("json", "json"),
        ("verbose_json", "json"),
        ("diarized_json", "json"),
    ],
)
def test_the_transcript_is_written_beside_the_recording(gateway: FakeGateway, wanted: str, ending: str) -> None:
    Path("folder").mkdir()
    result = run("transcribe", recording("folder/talk.mp3"), "--format", wanted)
    assert result.stdout == ""
    assert "10 bytes" in Path(f"folder/talk.{ending}").read_text()
    assert gateway.seen[-1].fields == {"model": "listener", "response_format": wanted}
    assert gateway.seen[-1].filename == "talk.mp3"


def test_options_are_sent(gateway: FakeGateway) -> None:
    run("transcribe", recording("a.wav"), "-m", "mine", "-l", "en", "--prompt", "Austen", "--translate")
    (seen,) = gateway.seen
    assert seen.path == "/v1/audio/translations"
    assert seen.fields == {"model": "mine", "response_format": "text", "language": "en", "prompt": "Austen"}


@pytest.mark.parametrize(("language", "model"), [("en", "listener"), ("de", "polyglot"), ("tlh", "listener")])
def test_the_first_model_that_knows_the_language_is_asked(gateway: FakeGateway, language: str, model: str) -> None:
    run("transcribe", recording("a.wav"), "-l", language)
    assert gateway.seen[-1].fields == {"model": model, "response_format": "text", "language": language}


def test_a_big_file_is_uploaded(gateway: FakeGateway) -> None:
    run("transcribe", recording("a.wav", BIG), "-m", "m", "-f", "srt")
    assert Path("a.srt").read_text() == f"srt: {BIG} bytes\n"
    assert len(gateway.uploads) == len(gateway.jobs) == 1


def test_a_url_is_passed_on_and_its_transcript_is_written_here(gateway: FakeGateway) -> None:
    run("transcribe", "https://example.com/talks/My%20talk.mp3?x=1", "-m", "m")
    assert Path("My talk.txt").exists()
    (job,) = gateway.jobs.values()
    assert job.request.json["file_url"] == "https://example.com/talks/My%20talk.mp3?x=1"


def test_several_transcripts_go_to_stdout_in_order(gateway: FakeGateway) -> None:
    names = [recording(f"{size}.wav", size) for size in (30, 10, 20)]
    result = run("transcribe", *names, "-o", "-", "-m", "m")
    assert result.stdout == "text: 30 bytes\ntext: 10 bytes\ntext: 20 bytes\n"
    assert not list(Path().glob("*.txt"))


def test_several_transcripts_go_to_a_folder(gateway: FakeGateway) -> None:
    Path("out").mkdir()
    run("transcribe", recording("a.wav"), recording("b.wav"), "-o", "out", "-m", "m")
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("output", ["new/", "new/deep/"])
def test_a_missing_folder_is_created(gateway: FakeGateway, output: str) -> None:
    run("transcribe", recording("a.wav"), recording("b.wav"), "-o", output, "-m", "m")
    run("transcribe", recording("c.wav"), "-o", output, "-m", "m")
    assert sorted(path.name for path in Path(output).iterdir()) == ["a.txt", "b.txt", "c.txt"]


def test_an_invalid_command_line_creates_no_folder(gateway: FakeGateway) -> None:
    run("transcribe", recording("a.wav"), recording("a.mp3"), "-o", "new/", "-m", "m", code=2)
    assert not Path("new").exists()


def test_a_transcript_is_not_printed_into_the_progress_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with ProgressDisplay() as display:
        progress: Any = display._progress
        display.line("a.wav").begin()
        with display.aside():
            assert not progress.live.is_started
        assert progress.live.is_started


def test_a_failed_recording_does_not_stop_the_others(gateway: FakeGateway) -> None:
    gateway.next("/v1/audio/transcriptions", "400")
    result = run("transcribe", recording("a.wav"), recording("b.wav"), "-m", "m", "-j", "1", code=1)
    assert "a.wav: It is told_to. (request req_fake)" in result.stderr
    assert "1 of 2 failed; 1 done." in result.stderr
    assert not Path("a.txt").exists()
    assert Path("b.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.wav"], "none.wav"),
        (["a.wav", "b.wav", "-o", "new.txt"], "folder"),
        (["a.wav", "a.mp3"], "both"),
        (["old.wav"], "--force"),
        (["a.wav", "-o", "nowhere/a.txt"], "nowhere"),
        (["a.wav", "-o", "a.wav", "--force"], "recording itself"),
    ],
)
def test_an_invalid_command_line_is_refused_before_anything_is_sent(
    gateway: FakeGateway, arguments: list[str], message: str
) -> None:
    for name in ("a.wav", "b.wav", "a.mp3", "old.wav", "old.txt"):
        recording(name)
    assert message in run("transcribe", *arguments, "-m", "m", code=2).stderr
    assert not gateway.seen


def test_force_overwrites(gateway: FakeGateway) -> None:
    recording("a.txt")
    run("transcribe", recording("a.wav"), "-m", "m", "--force")
    assert Path("a.txt").read_text() == "text: 10 bytes\n"


# ---------------------------------------------------------------- which gateway
def test_the_local_stack_is_found_and_a_key_of_the_shell_is_not_given_to_it(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("stack.json").write_text(json.dumps({"base_url": gateway.base_url, "api_key": "sk-fake"}))
    monkeypatch.setenv("STACK_FILE", "stack.json")
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    run("transcribe", recording("a.wav"))


def test_without_a_gateway_the_next_step_is_named(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("STACK_FILE", "stack.json")
    error = run("transcribe", recording("a.wav"), code=2).stderr
    assert all(step in error for step in ("make run", "OPENAI_BASE_URL", "--base-url"))


def test_a_base_url_without_a_key(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "--api-key" in run("transcribe", recording("a.wav"), code=2).stderr


def test_a_wrong_key_names_the_next_step(gateway: FakeGateway) -> None:
    assert "OPENAI_API_KEY" in run("transcribe", recording("a.wav"), "--api-key", "sk-no", code=1).stderr


def test_an_unreachable_gateway_is_reported(gateway: FakeGateway) -> None:
    error = run("transcribe", recording("a.wav"), "--base-url", "http://127.0.0.1:9/v1", code=1).stderr
    assert "base URL" in error
    assert "Traceback" not in error


# ---------------------------------------------------------------- Ctrl-C
# `python -m audio_gateway` with interrupts enabled: shells start background jobs with interrupts ignored.
INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("audio_gateway", run_name="__main__", alter_sys=True)
"""


@pytest.mark.slow
def test_an_interrupt_cancels_the_jobs_and_says_what_they_cost(gateway: FakeGateway) -> None:
    gateway.job_parts, gateway.cancelled_usage = 1_000_000, {"type": "duration", "seconds": 1200}
    recording("a.wav", BIG)
    environment: dict[str, Any] = os.environ | {"PYTHONPATH": f"{ROOT}/layers/shared:{ROOT}/clients/python"}
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "transcribe", "a.wav", "-m", "m"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    give_up_at = time.monotonic() + 60
    while not any(job.looks for job in gateway.jobs.values()) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    try:
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert "is charged for 1,200 seconds" in error
    assert [job.status for job in gateway.jobs.values()] == ["cancelled"]
    assert not Path("a.txt").exists()
