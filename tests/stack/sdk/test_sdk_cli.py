"""The operators' command line on the running stack; its keys used by the official SDK."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openai import APIStatusError, OpenAI
from typer.testing import Result

from tests.fakes.upstream import FakeUpstream
from tests.unit.cli.operator import run

pytestmark = pytest.mark.stack

TEXT = "Hello."
PRICE = "0.000090"  # 6 characters of tts-1 at $15 a million


@dataclass(frozen=True)
class Terminal:
    """A folder that is not the project's, and an environment in which nothing but the stack's file is of use."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "STACK_FILE": "stack.json", "AWS_PROFILE": "of-another-world"}

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        """Run a command that ends with this exit code, in this process: to start one takes longer than to run it."""
        return run(*arguments, code=code)

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    def process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command line in another process."""
        done = self.shell(shlex.join([sys.executable, "-m", "audio_gateway", *arguments]))
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def terminal(wired_stack: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    (tmp_path / "stack.json").write_text(json.dumps(wired_stack))
    made = Terminal(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


def test_the_life_of_a_key(terminal: Terminal, wired_stack: dict[str, Any], upstream: FakeUpstream) -> None:
    created = terminal.process(
        "keys", "create", "--name", "ACME", "--monthly-budget-usd", "0.0002", "--requests-per-minute", "1000",
        "--model", "tts-1",
    )  # fmt: skip
    value = created.stdout.strip()
    (key_id,) = (key["id"] for key in terminal.json("keys", "list")["data"] if key["name"] == "ACME")
    assert key_id in created.stderr
    client = OpenAI(base_url=wired_stack["base_url"], api_key=value, max_retries=0, timeout=60)

    def say() -> str:
        answer = client.audio.speech.with_raw_response.create(model="tts-1", voice="alloy", input=TEXT)
        return answer.headers["x-request-id"]

    def refusal() -> tuple[int, str | None]:
        with pytest.raises(APIStatusError) as caught:
            say()
        return caught.value.status_code, caught.value.code

    with client, ThreadPoolExecutor(1) as pool:
        # While a request runs, its price is held.
        upstream.script("held")
        running = pool.submit(say)
        give_up_at = time.monotonic() + 30
        while not upstream.calls:
            assert time.monotonic() < give_up_at, "the provider was not asked"
            time.sleep(0.02)
        (hold,) = terminal.json("holds", "--key", key_id)["data"]
        assert (hold["amount"], hold["held_usd"], hold["expired"]) == (6, PRICE, False)
        assert hold["request_id"] in terminal("holds").stdout
        assert terminal.json("keys", "show", key_id)["used"]["concurrent_requests"] == 1
        upstream.let_go()
        request_id = running.result(30)
        assert hold["request_id"] == request_id

        # Then it is used, and costs.
        assert terminal.json("holds", "--key", key_id)["total"]["open"] == 0
        used = terminal.json("usage", "--from", "1h", "--key", key_id, "--by", "model")
        assert used["data"] == [{"model": "tts-1", "requests": 1, "characters": 6, "audio_ms": 0}]
        assert terminal.json("costs", "--key", key_id)["total"]["price_usd"] == PRICE
        assert "ACME" in terminal("costs", "--by", "key").stdout
        terminal.process("ledger", time.strftime("%Y-%m", time.gmtime()), "--key", key_id, "--output", "invoice.csv")
        (line,) = csv.DictReader(io.StringIO((terminal.folder / "invoice.csv").read_text()))
        assert (line["request_id"], line["price_usd"]) == (request_id, PRICE)

        # The budget pays for one more, and a higher one immediately for more.
        say()
        assert refusal() == (429, "insufficient_quota")
        terminal("keys", "limit", key_id, "--monthly-budget-usd", "1")
        say()

        terminal("keys", "disable", key_id)
        assert refusal() == (401, "invalid_api_key")
        terminal("keys", "delete", key_id, "--yes")
        assert refusal() == (401, "invalid_api_key")
        assert "`keys list`" in terminal("keys", "show", key_id, code=1).stderr


def test_a_pipe_that_is_closed_early_is_no_bug(terminal: Terminal) -> None:
    terminal("keys", "create", "--name", "pipe")
    month = time.strftime("%Y-%m", time.gmtime())
    done = terminal.shell(f"{sys.executable} -m audio_gateway ledger {month} | true")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
