"""`audio-gateway models`, `voices` and `env`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.fakes.job_gateway import FakeGateway
from tests.unit.cli.operator import run


def test_models_are_listed_with_endpoints_and_prices(gateway: FakeGateway) -> None:
    shown = run("models").stdout
    assert f"Models of {gateway.base_url}" in shown
    assert all(word in shown for word in ("listener", "transcriptions", "$0.006 per minute", "any", "openai"))
    assert "tts-1 (alias of talker)" in shown
    assert "99 languages" in shown
    listed = json.loads(run("models", "--json").stdout)["data"]
    assert [model["id"] for model in listed] == ["talker", "listener", "polyglot", "tts-1"]


def test_voices_are_filtered_by_model_and_language(gateway: FakeGateway) -> None:
    shown = run("voices", "-m", "talker", "-l", "en").stdout
    assert gateway.seen[-1].query == {"model": "talker"}
    assert [line.split()[:2] for line in shown.splitlines() if " en" in line] == [["ash", "en-us"], ["en-gb", "en"]]
    assert [voice["id"] for voice in json.loads(run("voices", "--json").stdout)["data"]] == ["ash", "en-gb", "anna"]


def test_a_shell_gets_the_variables_of_the_local_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = {"base_url": "http://127.0.0.1:1/v1", "api_key": "sk-a b", "admin_key": "sk-admin-1"}
    (tmp_path / "stack.json").write_text(json.dumps(stack))
    monkeypatch.setenv("STACK_FILE", str(tmp_path / "stack.json"))
    script = run("env").stdout + 'echo "$OPENAI_BASE_URL|$OPENAI_API_KEY|$OPENAI_ADMIN_KEY"'
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True)
    assert done.stdout == "http://127.0.0.1:1/v1|sk-a b|sk-admin-1\n"


def test_without_a_local_stack_the_shell_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_FILE", str(tmp_path / "stack.json"))
    result = run("env", code=2)
    assert (result.stdout, "make run" in result.stderr) == ("", True)
