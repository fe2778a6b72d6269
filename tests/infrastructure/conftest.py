from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from tests.infrastructure import template

# CloudFormation type → the properties of its resources, by logical id.
OfType = Callable[[str], dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def source() -> dict[str, Any]:
    """template.yaml as it is written."""
    return template.source()


@pytest.fixture(scope="session")
def samconfig() -> dict[str, Any]:
    """The settings of SAM's command line, by section."""
    return tomllib.loads((template.ROOT / "samconfig.toml").read_text("utf-8"))


@pytest.fixture(scope="session")
def rendered() -> dict[str, Any]:
    """The resources that CloudFormation receives."""
    return template.rendered()


@pytest.fixture(scope="session")
def of_type(rendered: dict[str, Any]) -> OfType:
    """The properties of the rendered resources of a type, by logical id."""

    def properties_of(resource_type: str) -> dict[str, dict[str, Any]]:
        return {
            name: resource["Properties"] for name, resource in rendered.items() if resource["Type"] == resource_type
        }

    return properties_of
