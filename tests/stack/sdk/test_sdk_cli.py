"""The operators' command line, in a process of its own, on the running stack; its keys used by the official SDK."""

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

from tests.fakes.upstream import FakeUpstream

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

    def __call__(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command line that ends with this exit code."""
        done = self.shell(shlex.join([sys.executable, "-m", "audio_gateway", *arguments]))
        assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def run(wired_stack: dict[str, Any], tmp_path: Path) -> Terminal:
    (tmp_path / "stack.json").write_text(json.dumps(wired_stack))
    return Terminal(tmp_path)


def test_the_life_of_a_key(run: Terminal, wired_stack: dict[str, Any], upstream: FakeUpstream) -> None:
    created = run(
        "keys", "create", "--name", "ACME", "--monthly-budget-usd", "0.0002", "--requests-per-minute", "1000",
        "--model", "tts-1",
    )  # fmt: skip
    value = created.stdout.strip()
    (key_id,) = (key["id"] for key in run.json("keys", "list")["data"] if key["name"] == "ACME")
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
        (hold,) = run.json("holds", "--key", key_id)["data"]
        assert (hold["amount"], hold["held_usd"], hold["expired"]) == (6, PRICE, False)
        assert hold["request_id"] in run("holds").stdout
        assert run.json("keys", "show", key_id)["used"]["concurrent_requests"] == 1
        upstream.let_go()
        request_id = running.result(30)
        assert hold["request_id"] == request_id

        # Then it is used, and costs.
        assert run.json("holds", "--key", key_id)["total"]["open"] == 0
        used = run.json("usage", "--from", "1h", "--key", key_id, "--by", "model")
        assert used["data"] == [{"model": "tts-1", "requests": 1, "characters": 6, "audio_ms": 0}]
        assert run.json("costs", "--key", key_id)["total"]["price_usd"] == PRICE
        assert "ACME" in run("costs", "--by", "key").stdout
        run("ledger", time.strftime("%Y-%m", time.gmtime()), "--key", key_id, "--output", "invoice.csv")
        (line,) = csv.DictReader(io.StringIO((run.folder / "invoice.csv").read_text()))
        assert (line["request_id"], line["price_usd"]) == (request_id, PRICE)

        # The budget pays for one more, and a higher one for more at once.
        say()
        assert refusal() == (429, "insufficient_quota")
        run("keys", "limit", key_id, "--monthly-budget-usd", "1")
        say()

        run("keys", "disable", key_id)
        assert refusal() == (401, "invalid_api_key")
        run("keys", "delete", key_id, "--yes")
        assert refusal() == (401, "invalid_api_key")
        assert "`keys list`" in run("keys", "show", key_id, code=1).stderr


def test_a_pipe_that_is_closed_early_is_no_bug(run: Terminal) -> None:
    run("keys", "create", "--name", "pipe")
    month = time.strftime("%Y-%m", time.gmtime())
    done = run.shell(f"{sys.executable} -m audio_gateway ledger {month} | true")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
