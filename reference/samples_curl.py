"""The curl commands of the samples: they follow redirects, and keep in variables what later samples need."""

from __future__ import annotations

from typing import Final

# OpenAI's names: models of OpenAI, or aliases of the embedded ones.
SPEAKER: Final = "tts-1"
LISTENER: Final = "whisper-1"
VOICE: Final = "alloy"
PHRASE: Final = "Good morning. Thank you for listening."


def curl(path: str, *, fields: str = "", method: str = "", more: str = "", admin: bool = False) -> str:
    """A call; `fields` is the JSON object to send, and `more` is appended to the command."""
    return _call(path, fields=fields, method=method, more=more, admin=admin, flags="-L")


def kept(variable: str, path: str, *, fields: str, of: str = ".id", admin: bool = False) -> str:
    """A call that stores the id in its response in a variable."""
    call = _call(path, fields=fields, method="", more="", admin=admin, flags="-s -L")
    return f"{variable}=$({call} \\\n  | jq -r {of})"


def _call(path: str, *, fields: str, method: str, more: str, admin: bool, flags: str) -> str:
    key = "$OPENAI_ADMIN_KEY" if admin else "$OPENAI_API_KEY"
    wanted = f"-X {method} " if method else ""
    body = f" -H \"Content-Type: application/json\" \\\n  -d '{fields}'" if fields else ""
    return f'curl {flags} {wanted}"$OPENAI_BASE_URL/{path}" -H "Authorization: Bearer {key}"{body}{more}'
