"""The official Node.js SDK: `tests/node` run by node's own test runner against the same two stacks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.upstream import FakeUpstream
from tests.sound import phrase

pytestmark = [pytest.mark.stack, pytest.mark.node, pytest.mark.timeout(300)]

NODE_TESTS = Path(__file__).parents[2] / "node"
FILES = sorted(path.name for path in NODE_TESTS.glob("*.test.mjs"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phrase as a file."""
    path = tmp_path_factory.mktemp("recording") / "speech.wav"
    path.write_bytes(phrase())
    return path


@pytest.fixture(scope="module")
def environment(
    stack: dict[str, Any],
    wired_stack: dict[str, Any],
    running_upstream: FakeUpstream,
    hook_port: int,
    recording: Path,
) -> dict[str, str]:
    """What tests/node/stack.mjs reads."""
    return {
        **os.environ,
        "GATEWAY_BASE_URL": stack["base_url"],
        "GATEWAY_API_KEY": stack["api_key"],
        "GATEWAY_ADMIN_KEY": stack["admin_key"],
        "WIRED_BASE_URL": wired_stack["base_url"],
        "WIRED_API_KEY": wired_stack["api_key"],
        "WIRED_HOOK_PORT": str(hook_port),
        "UPSTREAM_URL": running_upstream.base_url.removesuffix("/v1"),
        "GATEWAY_CLIP": str(recording),
    }


@pytest.mark.parametrize("file", FILES)
def test_the_node_sdk(node: str, environment: dict[str, str], upstream: FakeUpstream, file: str) -> None:
    command = [node, "--test-reporter=spec", file]  # the runner of `--test` would be a second process
    done = subprocess.run(
        command, cwd=NODE_TESTS, env=environment, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


def test_a_missing_registry_is_not_in_the_lock_file() -> None:
    lock = (NODE_TESTS / "package-lock.json").read_text()
    assert '"resolved"' not in lock, "a lock file that names a registry only works where that one is reached"
    assert "://" not in lock


@pytest.mark.parametrize(
    ("model", "attempts"),
    [("locked-tts", 1), ("failing-tts", 3)],
    ids=["not after x-should-retry: false", "twice after a 503"],
)
def test_node_tries_again_only_where_it_helps(
    node: str, environment: dict[str, str], upstream: FakeUpstream, model: str, attempts: int
) -> None:
    script = """
        import OpenAI from 'openai';
        const client = new OpenAI({ baseURL: process.env.WIRED_BASE_URL, apiKey: process.env.WIRED_API_KEY });
        await client.audio.speech.create({ model: process.argv[1], voice: 'alloy', input: 'Hello.' }).then(
          () => process.exit(1), () => process.exit(0));
    """
    command = [node, "--input-type=module", "-e", script, model]
    subprocess.run(command, cwd=NODE_TESTS, env=environment, check=True, timeout=60)
    assert len(upstream.requests) == attempts
