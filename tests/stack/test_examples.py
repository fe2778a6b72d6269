"""The programs in `examples/` and the commands of the pages, run as a reader would, against the local stack."""

from __future__ import annotations

import array
import io
import os
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.sound import PHRASE, look, phrase, wav, word_errors
from tests.unit.docs.pages import ROOT, blocks

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

EXAMPLES = ROOT / "examples"
NODE_MODULES = ROOT / "tests" / "node" / "node_modules"


@pytest.fixture
def environment(stack: dict[str, Any]) -> dict[str, str]:
    return os.environ | {
        "OPENAI_BASE_URL": stack["base_url"],
        "OPENAI_API_KEY": stack["api_key"],
        "OPENAI_ADMIN_KEY": stack["admin_key"],
    }


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_in_their_readme() -> None:
    listed = set(re.findall(r"^\| \[([\w.]+)\]", (EXAMPLES / "README.md").read_text(), flags=re.MULTILINE))
    assert listed == {path.name for path in EXAMPLES.iterdir() if path.name not in {"README.md", "__pycache__"}}


def test_the_calls_with_curl(environment: dict[str, str], tmp_path: Path) -> None:
    out = run([str(EXAMPLES / "curl.sh")], tmp_path, environment)
    assert '"object":"list"' in out
    assert re.search(r"1\n00:00:0\d,\d{3} --> ", out)
    assert '"words":[' in out
    assert '"openai_name":"alloy"' in (tmp_path / "voices.json").read_text()
    assert (tmp_path / "hello.wav").read_bytes()[:4] == b"RIFF"


def test_the_python_sdk(environment: dict[str, str], tmp_path: Path) -> None:
    out = run([sys.executable, str(EXAMPLES / "python_sdk.py")], tmp_path, environment)
    assert "hibari serves speech" in out
    assert "tts-1 serves speech" in out
    assert re.search(r"^ +\d\.\d\d s  \w", out, flags=re.MULTILINE)
    assert re.search(r"refused: param=voice code=invalid_value request_id=req_[0-9a-f]{32}", out)
    assert (tmp_path / "hello.flac").read_bytes()[:4] == b"fLaC"


def test_live_speech_to_a_player_and_to_a_file(environment: dict[str, str], tmp_path: Path) -> None:
    program = [sys.executable, str(EXAMPLES / "live_speech.py"), "Good morning. Thank you for listening."]
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, timeout=90, check=True)
    run([*program, "out.mp3"], tmp_path, environment)
    assert look(done.stdout, "mp3").seconds > 1
    assert look((tmp_path / "out.mp3").read_bytes(), "mp3").seconds > 1
    assert re.search(rb"first bytes after \d+\.\d\d s\n\d+ bytes after ", done.stderr)


def test_a_live_transcript(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(phrase())
    out = run([sys.executable, str(EXAMPLES / "live_transcript.py"), "talk.wav"], tmp_path, environment)
    assert word_errors(PHRASE, out) <= 0.25


def test_a_live_transcript_says_why_it_was_refused(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "talk.mp3").write_text("This is no audio.")
    program = [sys.executable, str(EXAMPLES / "live_transcript.py"), "talk.mp3"]
    done = subprocess.run(
        program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 1
    assert "broken off" in done.stderr
    assert "Traceback" not in done.stderr


def test_streaming_as_the_page_of_clients_shows_it(environment: dict[str, str], tmp_path: Path) -> None:
    section = (ROOT / "docs" / "clients.md").read_text().split("\n## Streaming\n")[1].split("\n## ")[0]
    (program,), (commands,) = blocks(section, "python"), blocks(section, "sh")
    assert run([sys.executable, "-c", program], tmp_path, environment).split()[:2] == ["Good", "morning."]
    out = run(["bash", "-euc", commands], tmp_path, environment)
    assert out.startswith('data: {"type":"transcript.text.delta"')
    assert out.endswith("data: [DONE]\n\n")
    assert look((tmp_path / "morning.mp3").read_bytes(), "mp3").seconds > 0.5


@pytest.mark.parametrize("suffix", ["srt", "vtt"])
def test_subtitles(environment: dict[str, str], tmp_path: Path, suffix: str) -> None:
    recording, subtitles = tmp_path / "talk.wav", tmp_path / f"talk.{suffix}"
    recording.write_bytes(phrase())
    program = [sys.executable, str(EXAMPLES / "subtitles.py"), str(recording), str(subtitles)]
    run(program, tmp_path, environment)
    assert subtitles.read_text().count("-->") >= 1


def test_subtitles_says_why_it_was_refused(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "talk.mp3").write_text("This is no audio.")
    program = [sys.executable, str(EXAMPLES / "subtitles.py"), "talk.mp3", "talk.srt"]
    done = subprocess.run(
        program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 1
    assert "400" in done.stderr
    assert "Traceback" not in done.stderr


def test_many_at_the_same_time(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("One.\n\nTwo.\nThree.\nFour.\nFive.\n")
    run([sys.executable, str(EXAMPLES / "many_at_once.py"), "lines.txt", "out"], tmp_path, environment)
    spoken = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in spoken] == [f"{number:03}.mp3" for number in range(1, 6)]
    assert all(path.stat().st_size > 1_000 for path in spoken)


@pytest.fixture(scope="module")
def big_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phrase twice, and so much silence between them that the file is too big for a request."""
    with wave.open(io.BytesIO(phrase())) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    wide = array.array("h", (sample for sample in samples for _ in range(6))).tobytes()  # to 48 kHz stereo
    path = tmp_path_factory.mktemp("big") / "talk.wav"
    path.write_bytes(wav(wide + bytes(25 * 48_000 * 4) + wide, 48_000, 2))
    assert path.stat().st_size > 5_000_000
    return path


@pytest.fixture
def quick(environment: dict[str, str]) -> dict[str, str]:
    """With the faster of the models that transcribe."""
    return environment | {"TRANSCRIPTION_MODEL": "gpt-4o-transcribe"}


def test_a_big_file_with_python(quick: dict[str, str], big_recording: Path, tmp_path: Path) -> None:
    program = [sys.executable, str(EXAMPLES / "big_file.py"), str(big_recording), "talk.srt"]
    out = run(program, tmp_path, quick | {"PYTHONPATH": str(ROOT / "clients" / "python")})
    size = big_recording.stat().st_size
    assert f"uploaded {size} of {size} bytes" in out
    assert "succeeded: " in out
    assert (tmp_path / "talk.srt").read_text().count("-->") == 2


@pytest.mark.node
def test_a_big_file_with_node(node: str, quick: dict[str, str], big_recording: Path, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    modules.mkdir()
    (modules / "openai").symlink_to(NODE_MODULES / "openai")
    (modules / "audio-gateway-client").symlink_to(ROOT / "clients" / "node")
    shutil.copy(EXAMPLES / "big_file.mjs", tmp_path)
    out = run([node, "big_file.mjs", str(big_recording), "talk.srt"], tmp_path, quick)
    assert "succeeded: " in out
    assert (tmp_path / "talk.srt").read_text().count("-->") >= 1


@pytest.mark.node
def test_a_big_file_with_node_says_what_it_takes(node: str, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    modules.mkdir()
    (modules / "openai").symlink_to(NODE_MODULES / "openai")
    (modules / "audio-gateway-client").symlink_to(ROOT / "clients" / "node")
    shutil.copy(EXAMPLES / "big_file.mjs", tmp_path)
    done = subprocess.run(
        [node, "big_file.mjs", "talk.mp3"], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
    )
    assert (done.returncode, done.stderr.startswith("Usage: node big_file.mjs ")) == (2, True)


def test_a_big_file_with_curl(quick: dict[str, str], big_recording: Path, tmp_path: Path) -> None:
    out = run([str(EXAMPLES / "big_file.sh"), str(big_recording)], tmp_path, quick)
    assert out.count("-->") >= 1


@pytest.mark.node
def test_the_node_sdk(node: str, environment: dict[str, str], tmp_path: Path) -> None:
    # Node.js looks for packages beside the program and above it.
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    shutil.copy(EXAMPLES / "node_sdk.mjs", tmp_path)
    out = run([node, "node_sdk.mjs"], tmp_path, environment)
    assert re.search(r"^ +\d\.\d\d s  \w", out, flags=re.MULTILINE)
    assert re.search(r"refused: param=voice code=invalid_value request_id=req_[0-9a-f]{32}", out)
    assert (tmp_path / "hello.wav").read_bytes()[:4] == b"RIFF"
