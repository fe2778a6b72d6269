"""The order of all tests, and what one may not leave to another."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine, not of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _no_credentials_of_another_test() -> Iterator[None]:
    """`boto3.client` keeps a session, and that the credentials that it found first."""
    yield
    if boto3 := sys.modules.get("boto3"):
        boto3.DEFAULT_SESSION = None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of the stack first, otherwise in the random order that they have.

    They are the long ones: with one of them left for the end, one worker would be at it while the others are idle.
    """
    items.sort(key=lambda item: "stack" not in item.path.parts)
