"""What makes two requests the same: what was understood of them, and not how it was written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any


def fingerprint(*asked: object) -> str:
    """SHA-256 in hex of what was asked: plain values, sequences, sets, bytes and dataclasses of these.

    A field that holds its default is left out, so that a request keeps its fingerprint when a new version of the
    gateway learns another option.
    """
    text = json.dumps([_plain(value) for value in asked], separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return {"sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, frozenset):
        return sorted(value)
    if is_dataclass(value):
        plain: dict[str, Any] = {}
        for field in fields(value):
            held = getattr(value, field.name)
            if held == field.default:
                continue
            # The fields of a flat one count as those of the whole.
            plain |= _plain(held) if field.metadata.get("flat") else {field.name: _plain(held)}
        return plain
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    raise TypeError(f"a {type(value).__name__} cannot be part of a fingerprint")
