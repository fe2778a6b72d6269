"""The first keys of a new gateway: one to call it, one to administer it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Keys:
    """The values of the keys, which are stored nowhere."""

    api: str
    admin: str


def seed_keys(dynamodb: Any, table: str, shared_layer: Path) -> Keys:
    """Create an API key and an admin key, with the gateway's own code."""
    if str(shared_layer) not in sys.path:
        sys.path.insert(0, str(shared_layer))
    from audio_gateway.metering.directory import Directory

    directory = Directory(dynamodb, table)
    api = directory.create_key("api", name="local")
    admin = directory.create_key("admin", name="local admin")
    return Keys(api.value, admin.value)
