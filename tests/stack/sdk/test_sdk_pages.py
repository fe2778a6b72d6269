"""What README.md, docs/api.md and docs/streaming.md print, run as a reader would: from top to bottom, on a local stack.

One language after the other, as a reader has one of them: most blocks say in Python what the one above says with curl.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.upstream import FakeUpstream
from tests.sound import phrase
from tests.unit.docs.pages import ROOT, Block, programs

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

NODE_MODULES = ROOT / "tests" / "node" / "node_modules"
PLACEHOLDERS = ("http://127.0.0.1:8080/v1", "sk-...")
# Silent, tried again where a busy machine was late, as the SDKs do, and ending the script where it is refused.
BEFORE = """
set -euo pipefail
curl() { command curl --silent --show-error --retry 3 --fail-with-body "$@"; }
trap 'echo "this block failed: $block" >&2' ERR
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with all that the project's has, where blocks may leave their files."""
    folder = tmp_path / "audio-gateway"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name != ".git":
            (folder / path.name).symlink_to(path)
    return folder


def environment_of(stack: dict[str, Any], clone: Path) -> dict[str, str]:
    """The environment of a reader who has started this stack."""
    (clone / "stack.json").write_text(json.dumps(stack))
    return os.environ | {
        "STACK_FILE": str(clone / "stack.json"),
        "OPENAI_BASE_URL": stack["base_url"],
        "OPENAI_API_KEY": stack["api_key"],
        "OPENAI_ADMIN_KEY": stack["admin_key"],
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
    }


def script(blocks: list[Block], stack: dict[str, Any], node: str) -> Iterator[str]:
    """One script of all blocks: each sees the variables that earlier ones set."""
    sources: dict[str, list[str]] = {"sh": [], "python": [], "js": []}
    for block in blocks:
        source = block.source
        for placeholder, value in zip(PLACEHOLDERS, (stack["base_url"], stack["api_key"]), strict=True):
            source = source.replace(placeholder, value)
        sources[block.language].append(source)
    yield BEFORE
    for source in sources["sh"]:
        yield f"block={shlex.quote(source.splitlines()[0])}"
        yield "\n".join(line for line in source.splitlines() if not line.startswith("export "))
    if sources["python"]:  # programs of their own, in one process: to import the SDK takes as long as all their calls
        program = "".join(f"exec(compile({each!r}, 'a block', 'exec'), {{}})\n" for each in sources["python"])
        yield f"block='in Python'\n{shlex.quote(sys.executable)} <<'END OF BLOCKS'\n{program}END OF BLOCKS"
    for source in sources["js"]:
        yield f"block='in JavaScript'\n{shlex.quote(node)} --input-type=module - <<'END OF BLOCK'\n{source}END OF BLOCK"


def run(text: str, stack: dict[str, Any], folder: Path, environment: dict[str, str], node: str = "node") -> str:
    """Run the blocks of a page; what they print."""
    blocks = [block for block in programs(text) if block.not_run is None]
    program = "\n".join(script(blocks, stack, node))
    done = subprocess.run(
        ["bash", "-c", program], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert not done.returncode, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.node
def test_the_readme(stack: dict[str, Any], clone: Path, node: str) -> None:
    environment = environment_of(stack, clone)
    (clone / "node_modules").symlink_to(NODE_MODULES)
    (clone / "3hours.mp3").write_bytes(phrase())
    (clone / "book.txt").write_text("Good morning. " * 40)
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        del environment[name]
    out = run((ROOT / "README.md").read_text("utf-8"), stack, clone, environment, node)
    assert "-->" in out
    assert "-->" in (clone / "3hours.srt").read_text()
    assert out.lower().count("thank you for listening") >= 2  # of both SDKs
    assert (clone / "book.mp3").stat().st_size > 10_000


def test_the_reference(wired_stack: dict[str, Any], clone: Path, upstream: FakeUpstream) -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    out = run(page, wired_stack, clone, environment_of(wired_stack, clone))
    assert len(upstream.calls) >= 6
    assert "-->" in out
    assert (clone / "morning.wav").read_bytes()[:4] == (clone / "job.wav").read_bytes()[:4] == b"RIFF"
    assert (clone / "ledger-2026-11.csv").read_text().startswith("time,")


def test_the_page_about_streaming(stack: dict[str, Any], clone: Path) -> None:
    page = (ROOT / "docs" / "streaming.md").read_text("utf-8")
    out = run(page, stack, clone, environment_of(stack, clone))
    assert (clone / "morning.mp3").stat().st_size > 10_000
    assert "first byte after" in out
    assert out.count("data: [DONE]") == 2
    assert "transcript.text.delta" in out
    assert "speech.audio.delta" in out
