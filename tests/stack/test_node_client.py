"""The Node.js client: OpenAI's SDK on top of it, a fake gateway below. Needs no stack, but the SDK's package."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.fakes.job_gateway import FakeGateway

pytestmark = [pytest.mark.node, pytest.mark.timeout(180)]

TESTS = Path(__file__).parents[1] / "node" / "client"


@pytest.mark.parametrize("file", sorted(path.name for path in TESTS.glob("*.test.mjs")))
def test_the_node_client(node: str, file: str, tmp_path: Path) -> None:
    with FakeGateway() as gateway:
        done = subprocess.run(
            [node, "--test", "--test-reporter=spec", file],
            cwd=TESTS, env=os.environ | {"FAKE_BASE_URL": gateway.base_url, "TMPDIR": str(tmp_path)},
            capture_output=True, text=True, check=False, timeout=170,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
