"""The order of all tests, which of them run in one process, and what no test may leave to another."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import boto3
import botocore.session
import pytest
from httpx2._transports import default as _transports
from hypothesis import HealthCheck, settings

import audio_gateway.inference  # noqa: F401 - one thread for each worker: before any test imports numpy

# The same examples each time: a run judges a change and not chance. How long one takes depends on the machine.
# `make test ARGS="--hypothesis-profile=hunt"` looks for others.
_UNHURRIED: Any = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
}
settings.register_profile("any machine", derandomize=True, database=None, **_UNHURRIED)
settings.register_profile("hunt", max_examples=1000, **_UNHURRIED)
settings.register_profile("fast", max_examples=20, derandomize=True, database=None, **_UNHURRIED)
settings.load_profile("any machine")

# Files of tests/stack that share no running stack with other files.
_ALONE = (
    "tests/stack/sdk/test_sdk_contract.py",
    "tests/stack/test_sweep_and_rollup.py",
    "tests/stack/test_node_client.py",
    "tests/stack/test_buffered_stack.py",
)


@pytest.fixture(scope="session", autouse=True)
def _models_of_aws_are_read_once() -> Iterator[None]:
    """Each new session of boto3 reads the descriptions of AWS's services from files, which takes 0.1 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield


@pytest.fixture(scope="session", autouse=True)
def _certificates_are_read_once() -> Iterator[None]:
    """Each client of HTTP reads all certificate authorities of the machine: a fiftieth of a second for each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_transports, "create_ssl_context", cache(_transports.create_ssl_context))  # type: ignore[attr-defined] # imported there
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_credentials_of_the_machine() -> Iterator[None]:
    """A client without credentials would ask the machine's own metadata service for some, over the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(autouse=True)
def _no_credentials_of_another_test() -> Iterator[None]:
    """`boto3.client` keeps a session, which keeps the first credentials that it found."""
    yield
    boto3.DEFAULT_SESSION = None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the stack first, folder by folder; otherwise the random order stays.

    They are the long ones: if one of them came last, one worker would run it while the others are idle. And the
    fixtures of a folder, its stacks among them, end when a test of another folder follows.
    """
    items.sort(key=lambda item: _rank(_file(item.nodeid)))


def pytest_collection_finish() -> None:
    """What has been imported and collected stays to the end: the garbage collector need not examine it again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`, files that use the same running stacks go to the same worker.

    Starting a stack takes as long as a hundred of its tests.
    """
    from xdist.scheduler import LoadFileScheduling

    class ByStack(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return _group(_file(nodeid))

    return ByStack(config, log) if config.getoption("dist") == "loadfile" else None


def _file(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


def _group(file: str) -> str:
    """The group of a file: its folder if the folder shares stacks, otherwise the file itself."""
    if not file.startswith("tests/stack/") or file in _ALONE:
        return file
    folder = str(PurePosixPath(file).parent)
    return "tests/stack" if folder == "tests/stack/sdk" else folder  # they share the stack of the shipped catalogue


def _rank(file: str) -> tuple[bool, bool, bool, str]:
    """The longest groups first: `tests/stack` with `sdk`, its other folders, its single files, and all other files."""
    unit = _group(file)
    if not file.startswith("tests/stack/"):
        return True, True, True, ""
    return False, unit == file, unit != "tests/stack", str(PurePosixPath(file).parent)
