"""The order of all tests."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of the stack first, otherwise in the random order that they have.

    They are the long ones: with one of them left for the end, one worker would be at it while the others are idle.
    """
    items.sort(key=lambda item: "stack" not in item.path.parts)
