"""The Node.js client and the SDK alone, over fakes. Needs no stack, but the SDK's package."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.front import FAULTS, Front, an_event_loop
from tests.fakes.job_gateway import FakeGateway
from tests.unit.api.test_jobs import TEXT
from tests.unit.api.test_one_call import LinkedResults, Service
from tests.unit.use_cases.jobs.job_harness import AUDIO, WORDS

pytestmark = [pytest.mark.node, pytest.mark.timeout(180)]

TESTS = Path(__file__).parents[1] / "node" / "client"
REPEAT = TESTS.parent / "repeat"


class Cases(Service):
    """The gateway, which the test in Node.js sets up again for each case."""

    def __init__(self, front: Front, patch: pytest.MonkeyPatch) -> None:
        results = LinkedResults()
        results.url = front.bucket_url
        super().__init__(results)
        self.front, self.patch = front, patch

    def control(self, path: str, body: Any) -> Any:
        if path == "/_state":
            self.front.finish()
            return {
                "left": len(self.front.left), "jobs": len(self.store.kept), "rows": len(self.accounts.rows),
                "spent": self.accounts.spent, "asked": len(self.provider.asked), "settled": len(self.meter.settled),
            }  # fmt: skip
        limit = 1000 if body.get("small") or body.get("kind") == "bucket" else 4_500_000
        for module in ("idempotency", "job_content"):
            self.patch.setattr(f"audio_gateway.api.{module}.MAX_BUFFERED_BYTES", limit)
        self.front.behind = Cases(self.front, self.patch)
        self.front.left.clear()
        self.front.next(body.get("kind", ""), *[body.get("fault", "")] * body.get("times", 0))
        return {"faults": FAULTS, "text": TEXT, "words": len(WORDS), "clip": base64.b64encode(AUDIO).decode()}


@pytest.mark.parametrize("file", sorted(path.name for path in TESTS.glob("*.test.mjs")))
def test_the_node_client(node: str, file: str, tmp_path: Path) -> None:
    with FakeGateway() as gateway:
        run(node, TESTS, file, FAKE_BASE_URL=gateway.base_url, TMPDIR=str(tmp_path))


@pytest.mark.parametrize("file", sorted(path.name for path in REPEAT.glob("*.test.mjs")))
def test_one_call_of_the_node_sdk_is_one_job(node: str, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Front() as front:
        with an_event_loop():
            front.behind = Cases(front, monkeypatch)
        run(node, REPEAT, file, FRONT_BASE_URL=front.base_url)


def run(node: str, folder: Path, file: str, **environment: str) -> None:
    done = subprocess.run(
        [node, "--test-reporter=spec", file],
        cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
