"""The gateway's API as a caller without an SDK sees it: each answer as it came, and no redirect followed unasked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from audio_gateway.cli.doctor.check import Red

if TYPE_CHECKING:
    import httpx2

_TIMEOUT_S: Final = 35  # API Gateway gives up after 29
_ENVELOPE: Final = {"message", "type", "param", "code"}
_SEE_OTHER: Final = 303


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from `call`, such as "POST /audio/speech". Names of headers are lower case."""

    call: str
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body; raises `Red` if it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Red(f"{self.call} answered {self.status} with what is no JSON") from error

    def error(self) -> dict[str, Any]:
        """The error that it tells of; raises `Red` if it is not in OpenAI's envelope."""
        try:
            error = json.loads(self.body)["error"]
            if set(error) == _ENVELOPE and error["message"]:
                return dict(error)
        except (ValueError, KeyError, TypeError):
            pass
        raise Red(f"{self.call} answered {self.status} without OpenAI's envelope of errors: {self._text()}")

    def says(self) -> str:
        """The status and what was said, on one line, with the request's id."""
        try:
            said = str(json.loads(self.body)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            said = self._text()
        return f"{self.call} answered {self.status}: {said} (request {self.headers.get('x-request-id', 'without id')})"

    def _text(self) -> str:
        return " ".join(self.body[:200].decode("utf-8", "replace").split())


class Api:
    """Calls below a base URL. Every call raises `Red` if the gateway cannot be reached."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._client: httpx2.Client | None = None

    def call(self, method: str, path: str, key: str | None = None, **content: Any) -> Answer:
        """Make one call. `path` is below the base URL, or a whole URL; `content` is as httpx takes it.

        The key goes to the gateway itself and to no other host.
        """
        import httpx2

        if self._client is None:
            # A proxy of the shell's is none for a stack on this machine; httpx knows no_proxy.
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
            raise Red(f"{call} came to nothing: {reason}", f"Can {self.base_url} be reached from here?") from error
        return Answer(call, answer.status_code, dict(answer.headers), answer.content)

    def is_ours(self, url: str) -> bool:
        """Whether a URL is one of the gateway's host."""
        ours, its = urlsplit(self.base_url), urlsplit(url)
        return (ours.scheme, ours.netloc) == (its.scheme, its.netloc)

    def next_url(self, answer: Answer) -> str | None:
        """Where a redirect leads; None for another answer."""
        if answer.status != _SEE_OTHER:
            return None
        return urljoin(self.base_url, answer.headers.get("location", ""))

    def close(self) -> None:
        """Close its connections."""
        if self._client is not None:
            self._client.close()
