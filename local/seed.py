"""Creates the first keys of a new gateway: an API key and an admin key."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from local.settings import StackSettings


@dataclass(frozen=True, slots=True)
class SeedKeys:
    """The values of the keys. The gateway does not store them."""

    api: str
    admin: str


def seed_keys(dynamodb: Any, table: str, settings: StackSettings) -> SeedKeys:
    """Create an API key and an admin key, with the gateway's own code."""
    shared_layer = settings.root / "layers" / "shared"
    api_value, admin_value = settings.keys
    if str(shared_layer) not in sys.path:
        sys.path.insert(0, str(shared_layer))
    from audio_gateway.identity.directory import Directory

    directory = Directory(dynamodb, table)
    api = directory.create_key("api", name="local", value=api_value)
    admin = directory.create_key("admin", name="local admin", value=admin_value)
    return SeedKeys(api.value, admin.value)
