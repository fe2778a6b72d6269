"""A plain HTTP client for the gateway's API: raw responses, and no automatic redirects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from audio_gateway.cli.doctor.check import CheckFailed

if TYPE_CHECKING:
    import httpx2

# Without a byte. A response in one piece has come after 29, or API Gateway has given up; a streamed one has begun.
_TIMEOUT_S: Final = 35
_ENVELOPE: Final = {"message", "type", "param", "code"}
_SEE_OTHER: Final = 303


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The response to `call`, such as "POST /audio/speech". Header names are lower case."""

    call: str
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed body. Raises `CheckFailed` if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise CheckFailed(f"{self.call} answered {self.status} with a body that is not JSON") from error

    def error(self) -> dict[str, Any]:
        """Return the error. Raises `CheckFailed` if it is not in OpenAI's error envelope."""
        try:
            error = json.loads(self.body)["error"]
            if set(error) == _ENVELOPE and error["message"]:
                return dict(error)
        except (ValueError, KeyError, TypeError):
            pass
        raise CheckFailed(f"{self.call} answered {self.status} without OpenAI's error envelope: {self._text()}")

    def summary(self) -> str:
        """Return the status, the message and the request id in one line."""
        try:
            said = str(json.loads(self.body)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            said = self._text()
        return f"{self.call} answered {self.status}: {said} (request {self.headers.get('x-request-id', 'without id')})"

    def _text(self) -> str:
        return " ".join(self.body[:200].decode("utf-8", "replace").split())


class ApiClient:
    """Calls to a base URL. Every call raises `CheckFailed` if the gateway cannot be reached."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._client: httpx2.Client | None = None

    def call(self, method: str, path: str, key: str | None = None, **content: Any) -> HttpResponse:
        """Send one request. `path` is relative to the base URL, or a full URL. `content` is passed to httpx.

        The key is sent only to the gateway itself.
        """
        import httpx2

        if self._client is None:
            # httpx reads no_proxy, so the shell's proxy does not apply to a local stack.
            self._client = httpx2.Client(timeout=_TIMEOUT_S, follow_redirects=False)
        url = path if "://" in path else self.base_url + path
        headers = dict(content.pop("headers", {}))
        if key is not None and self.is_ours(url):
            headers["Authorization"] = f"Bearer {key}"
        call = f"{method} {urlsplit(url).path}"
        try:
            answer = self._client.request(method, url, headers=headers, **content)
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise CheckFailed(
                f"{call} failed: {reason}", f"Check that {self.base_url} can be reached from here."
            ) from error
        return HttpResponse(call, answer.status_code, dict(answer.headers), answer.content)

    def is_ours(self, url: str) -> bool:
        """Whether a URL belongs to the gateway's host."""
        ours, its = urlsplit(self.base_url), urlsplit(url)
        return (ours.scheme, ours.netloc) == (its.scheme, its.netloc)

    def next_url(self, answer: HttpResponse) -> str | None:
        """Return the target of a redirect, or None for any other response."""
        if answer.status != _SEE_OTHER:
            return None
        return urljoin(self.base_url, answer.headers.get("location", ""))

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
