"""openai-python's own tests of the audio API against the contract profile (tests/contract/README.md)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.contract.profile import CATALOG, make_profile
from tests.stack.conftest import RunningStack
from tests.stack.sdk.stack_keys import add_key

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[3]
CONTRACT = ROOT / "tests" / "contract"
SDIST = ROOT / ".local" / "openai-sdist"
UV = ROOT / ".local" / "uv" / "bin" / "uv"
PIP = ROOT / ".local" / "uv" / "bin" / "python"

THEIR_KEY = "My API Key"
THEIR_ADMIN_KEY = "My Admin API Key"

# Each test runs with a client that accepts any response, and again with one that refuses every response which is not
# exactly of OpenAI's types. The second shows all that the first does.
NOT_STRICT = "[loose"

# Tests that call what this product does not have, by file and function name.
LEFT_OUT = {
    "test_models.py": {"delete": "models are the operator's: the catalogue says which exist"},
    "admin/organization/test_usage.py": dict.fromkeys(
        (
            "completions", "decisions", "embeddings", "file_search_calls", "images", "moderations", "vector_stores",
            "web_search_calls", "code_interpreter_sessions",
        ),
        "an audio API has nothing to report of it",
    ),
    "admin/organization/test_projects.py": dict.fromkeys(
        ("create_with_all_params", "update_with_all_params"),
        "a deployment lies in one region, with one key: 'geography' and 'external_key_id' are refused by name",
    ),
}  # fmt: skip

# File → how many of its tests pass, and how many the SDK itself skips (respx cannot mock its aiohttp client).
EXPECTED = {
    "audio/test_speech.py": (8, 4),
    "audio/test_transcriptions.py": (24, 0),
    "audio/test_translations.py": (12, 0),
    "test_models.py": (21, 0),
    "admin/organization/test_usage.py": (36, 0),
    "admin/organization/test_admin_api_keys.py": (48, 0),
    "admin/organization/test_projects.py": (57, 0),
    "admin/organization/projects/test_api_keys.py": (54, 0),
    "admin/organization/projects/test_service_accounts.py": (69, 0),
    "admin/organization/projects/service_accounts/test_api_keys.py": (15, 0),
}


@pytest.fixture(scope="module")
def their_tests() -> Path:
    """The SDK's source distribution, unpacked, beside an environment for its tests; skips where it is not to be had."""
    if not (SDIST / ".stamp").is_file():
        SDIST.mkdir(parents=True, exist_ok=True)
        _fetch()
    return next(SDIST.glob("openai-*/tests"))


def _fetch() -> None:
    environment = {**os.environ, "VIRTUAL_ENV": str(SDIST / "venv"), "UV_NO_PROGRESS": "1"}
    commands: list[list[str | Path]] = [
        [PIP, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:",
         "--require-hashes", "-r", CONTRACT / "sdist.txt", "-d", SDIST],
        [UV, "venv", "--quiet", "--clear", "--python", sys.executable, SDIST / "venv"],
        [UV, "pip", "sync", "--quiet", "--require-hashes", CONTRACT / "requirements.txt"],
    ]  # fmt: skip
    for command in commands:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"SKIPPED LOUDLY: the SDK's own tests are not to be had here: {done.stderr[-500:]}")
    archive = next(SDIST.glob("openai-*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(SDIST, filter="data")
    (SDIST / ".stamp").touch()


@pytest.fixture(scope="module")
def contract_stack(
    their_tests: Path, run_stack: Callable[..., RunningStack], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """The contract profile, running, with the key that the SDK's tests use."""
    profile = make_profile(tmp_path_factory.mktemp("profile"))
    running = run_stack(profile, AUDIO_GATEWAY_CATALOG=str(CATALOG))
    stack = running.wait_until_ready()
    add_key(stack, THEIR_KEY)
    add_key(stack, THEIR_ADMIN_KEY, kind="admin")
    yield stack
    running.stop()


@pytest.fixture(scope="module")
def outcomes(
    their_tests: Path, contract_stack: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Counter[str]], str]:
    """File → how many of its tests had each outcome, and the report of them all.

    All in one process: its imports take longer than the tests.
    """
    report = tmp_path_factory.mktemp("contract") / "report.xml"
    command: list[str | Path] = [
        SDIST / "venv" / "bin" / "python", "-m", "pytest", "-n", "0", "-q", "--tb=short", "--timeout=60",
        "-p", "no:cacheprovider", "-p", "left_out", f"--junitxml={report}", "-o", "junit_family=xunit1",
        *(their_tests / "api_resources" / file for file in EXPECTED),
    ]  # fmt: skip
    environment = {
        **os.environ,
        "TEST_API_BASE_URL": contract_stack["base_url"],
        "PYTHONPATH": str(CONTRACT),
        "LEFT_OUT": json.dumps({file: [NOT_STRICT, *LEFT_OUT.get(file, ())] for file in EXPECTED}),
    }
    done = subprocess.run(
        command, cwd=their_tests.parent, env=environment, capture_output=True, text=True, check=False, timeout=380
    )
    assert report.is_file(), done.stdout[-6_000:] + done.stderr[-2_000:]
    found: dict[str, Counter[str]] = {file: Counter() for file in EXPECTED}
    for case in ET.parse(report).iter("testcase"):
        outcome = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
        found[case.attrib["file"].removeprefix("tests/api_resources/")][outcome] += 1
    return found, done.stdout[-20_000:]


@pytest.mark.parametrize("file", EXPECTED)
def test_the_sdk_s_own_tests_pass(outcomes: tuple[dict[str, Counter[str]], str], file: str) -> None:
    passed, skipped = EXPECTED[file]
    found, report = outcomes
    assert found[file] == Counter(passed=passed, skipped=skipped), report
    print(f"{file}: {passed} passed, {skipped} skipped by the SDK, left out: {LEFT_OUT.get(file) or 'none'}")


@pytest.mark.skip(reason="LEFT OUT: custom voices and consents are not part of this product")
@pytest.mark.parametrize("file", ["audio/test_voices.py", "audio/test_voice_consents.py"])
def test_custom_voices_are_not_offered(file: str) -> None:
    """Listed here so the report of all tests names the parts of the SDK that are not covered."""
