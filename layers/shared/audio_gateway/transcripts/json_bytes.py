"""JSON for responses. It is a separate module because most modules that write JSON render no transcript."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def json_bytes(payload: dict[str, Any]) -> bytes:
    """Compact JSON in UTF-8, not escaped to ASCII; a lone surrogate, which UTF-8 cannot encode, becomes U+FFFD."""
    return utf8(json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def utf8(text: str) -> bytes:
    """The text in UTF-8, with U+FFFD for lone surrogates."""
    return _SURROGATES.sub("\ufffd", text).encode("utf-8")
