"""The steps of a big request, without I/O: generators yield what to send and receive the responses.

    upload:  POST /audio/uploads ──► POST to the bucket          (restarts if the connection breaks)
    work:    POST of the call with background=true ──► job       (retried with the same Idempotency-Key)
    wait:    GET …/content?wait= until it does not redirect to itself

Both transports run these steps, so blocking and asynchronous clients behave the same.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import random
from typing import Any, Final, TypeAlias

import httpx2

from audio_gateway_client._errors import JobTimedOut, JobUnreachable, UploadFailed
from audio_gateway_client._form import FileInForm, FormError, UploadStream
from audio_gateway_client._settings import ClientSettings, Job

_LONGEST_WAIT_S: Final = 25
_WAIT_WITH_REPORTS_S: Final = 2
_MARGIN_S: Final = 5  # margin between a long poll and the caller's read timeout
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 8.0
_LONGEST_RETRY_AFTER_S: Final = 60.0
_CANCEL_S: Final = 5.0

_OK: Final = 200
_MULTIPLE_CHOICES: Final = 300
_SEE_OTHER: Final = 303
_BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 403
_TOO_LARGE: Final = 413
_BAD_GATEWAY: Final = 502
_ACCEPTED: Final = 202
_RETRIED_STATUSES: Final = frozenset({408, 409, 429})
_SERVER_ERROR: Final = 500

_OF_THE_BODY: Final = frozenset({"content-length", "content-type", "transfer-encoding", "host", "idempotency-key"})
_XML: Final = re.compile(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>")


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Send a request and read the response. With `keep_open`, the body of a 200, which is the result, stays unread."""

    request: httpx2.Request
    keep_open: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait this many seconds."""

    seconds: float


Steps: TypeAlias = Generator[SendRequest | Delay, httpx2.Response, httpx2.Response]


class JobCall:
    """A call that runs as a job. `job_id` is set while the job is awaited."""

    def __init__(self, request: httpx2.Request, settings: ClientSettings) -> None:
        self._request = request
        self._settings = settings
        self._base = request.url.copy_with(path=request.url.path.rpartition("/audio/")[0], query=None)
        self._headers = httpx2.Headers(
            [(name, value) for name, value in request.headers.multi_items() if name.lower() not in _OF_THE_BODY]
        )
        self._key = request.headers.get("idempotency-key") or f"audio-gateway-client-{uuid.uuid4()}"
        self.job_id: str | None = None
        self._done: tuple[str, httpx2.URL] | None = None

    def with_file(
        self, file: FileInForm, source: httpx2.SyncByteStream | httpx2.AsyncByteStream, *, background: bool
    ) -> Steps:
        """Upload the file, then run the call. With `background`, the caller asked for the job itself."""
        uploaded = yield from self._upload(file, source)
        if isinstance(uploaded, httpx2.Response):
            return uploaded
        added = {"upload_id": uploaded} | ({} if background else {"background": "true"})
        content_type = self._request.headers["content-type"]
        return (yield from self.work(content_type, file.without_file(added), background=background))

    def work(self, content_type: str, content: bytes, *, background: bool = False) -> Steps:
        """Start the job and wait for it. Any other response is returned."""
        headers = {"content-type": content_type, "idempotency-key": self._key}
        request = self._to("POST", self._request.url, headers, content)
        try:
            answer = yield from self._with_retries(request)
        except httpx2.TransportError as error:
            message = f"The job could not be started, or its start was not confirmed: {_error_text(error)}"
            raise JobUnreachable(message, self._request, None) from error
        job = _object(answer) if answer.status_code == _ACCEPTED and not background else {}
        if not isinstance(job.get("id"), str):
            return _without_retry(answer)
        self.job_id = job["id"]
        job_url = self._base_path(f"/audio/jobs/{self.job_id}")
        answer = yield from self._wait(job_url)
        self._done, self.job_id = (job["id"], job_url.copy_with(path=job_url.path + "/content")), None
        return _without_retry(answer)

    def lost_result(self, error: httpx2.TransportError) -> JobUnreachable | None:
        """Return the error for a connection lost while the result is read, or None if the response is not a job's.

        The SDK does not retry the whole call after this error, which would start another job.
        """
        if self._done is None:
            return None
        job_id, content_url = self._done
        message = f"The connection was lost while the result was read: {_error_text(error)} It is at {content_url}."
        return JobUnreachable(message, self._request, job_id)

    def cancelling(self) -> httpx2.Request | None:
        """Return the request that cancels the job, or None if no job is running."""
        if self.job_id is None:
            return None
        url = self._base_path(f"/audio/jobs/{self.job_id}/cancel")
        request = self._to("POST", url, {})
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), _CANCEL_S)
        return request

    def was_cancelled(self, answer: httpx2.Response) -> None:
        """Pass the cancelled job to `on_job`: the work done by then is charged. Exceptions of `on_job` are ignored."""
        if answer.status_code == _OK and self._settings.on_job is not None:
            with suppress(BaseException):
                self._settings.on_job(_object(answer))

    # ------------------------------------------------------------ the file
    def _upload(
        self, file: FileInForm, source: httpx2.SyncByteStream | httpx2.AsyncByteStream
    ) -> Generator[SendRequest | Delay, httpx2.Response, str | httpx2.Response]:
        """Upload the file, and return the id of the upload, or the response that refused it."""
        for attempt in range(self._settings.retries + 1):
            try:
                form = yield from self._announce(file)
                if isinstance(form, httpx2.Response):
                    return form
                answer = yield SendRequest(
                    self._to_bucket(form, UploadStream(source, file, form["fields"], self._settings.on_upload))
                )
            except FormError as error:
                raise UploadFailed(str(error), self._request) from error
            except httpx2.TransportError as error:
                if attempt == self._settings.retries:
                    raise UploadFailed(
                        f"The file could not be uploaded: {_error_text(error)}", self._request
                    ) from error
            else:
                if answer.status_code < _MULTIPLE_CHOICES:
                    return str(form["id"])
                # An expired form gets 403. The next attempt gets a new form.
                again = _should_retry(answer) or answer.status_code == _FORBIDDEN or "RequestTimeout" in answer.text
                if attempt == self._settings.retries or not again:
                    return _refused_by_bucket(answer)
            yield Delay(_pause_s(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _announce(
        self, file: FileInForm
    ) -> Generator[SendRequest | Delay, httpx2.Response, dict[str, Any] | httpx2.Response]:
        """Announce the upload, and return it with its form, or the response that refused it."""
        content = json.dumps({"filename": file.filename, "bytes": file.size}).encode()
        url = self._base_path("/audio/uploads")
        answer = yield from self._with_retries(self._to("POST", url, {"content-type": "application/json"}, content))
        form = _object(answer)
        if answer.status_code == _OK and {"id", "url", "fields"} <= form.keys():
            return form
        if answer.status_code < _BAD_REQUEST:
            return _error(_BAD_GATEWAY, "The gateway did not return an upload. Check the base URL.", None)
        return _without_retry(answer)

    def _to_bucket(self, form: Mapping[str, Any], stream: UploadStream) -> httpx2.Request:
        url = httpx2.URL(form["url"])
        headers = {
            "host": url.netloc.decode("ascii"),
            "user-agent": self._request.headers.get("user-agent", "audio-gateway-client"),
            "content-type": stream.content_type,
            "content-length": str(stream.length),
        }
        return httpx2.Request("POST", url, headers=headers, stream=stream, extensions=self._extensions())

    # ------------------------------------------------------------ the job
    def _wait(self, job_url: httpx2.URL) -> Steps:
        give_up_at = None if self._settings.wait_seconds is None else time.monotonic() + self._settings.wait_seconds
        content_url = job_url.copy_with(path=job_url.path + "/content")
        while True:
            try:
                if self._settings.on_job is not None:
                    yield from self._report(job_url)
                wait_s = self._wait_s(give_up_at)
                url = content_url.copy_with(query=f"wait={wait_s}".encode())
                answer = yield from self._with_retries(self._to("GET", url, {}), keep_open=True)
                if answer.status_code == _SEE_OTHER and not _is_running(answer, content_url):
                    answer = yield from self._fetch_from_bucket(content_url.join(answer.headers["location"]))
            except httpx2.TransportError as error:
                message = (
                    f"The connection was lost while the job {self.job_id} was running: {_error_text(error)} "
                    f"The job continues; its result will be at {content_url}."
                )
                job_id, self.job_id = self.job_id, None
                raise JobUnreachable(message, self._request, job_id) from error
            if not _is_running(answer, content_url):
                if self._settings.on_job is not None and answer.status_code < _BAD_REQUEST:
                    with suppress(
                        httpx2.TransportError
                    ):  # the result is available: a failed last report must not lose it
                        yield from self._report(job_url)
                return answer
            if give_up_at is not None and time.monotonic() >= give_up_at:
                yield from self._give_up()

    def _fetch_from_bucket(self, url: httpx2.URL) -> Steps:
        """Fetch a result that is too big for a response from the bucket, without sending the key there."""
        request = self._to("GET", url, {})
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            request.headers.pop("authorization", None)
        return (yield from self._with_retries(request, keep_open=True))

    def _report(self, job_url: httpx2.URL) -> Generator[SendRequest | Delay, httpx2.Response, None]:
        answer = yield from self._with_retries(self._to("GET", job_url, {}))
        if answer.status_code == _OK and self._settings.on_job is not None:
            self._settings.on_job(_object(answer))

    def _give_up(self) -> Generator[SendRequest | Delay, httpx2.Response, None]:
        job_id, request = self.job_id or "", self.cancelling()
        outcome = "it was cancelled, and costs nothing."
        try:
            answer = yield SendRequest(request) if request is not None else Delay(0)
            if answer is not None and answer.status_code >= _BAD_REQUEST:
                outcome = f"it could not be cancelled (status {answer.status_code}) and may still be running."
            elif answer is not None:
                outcome = f"it was cancelled, {_cost_of(answer, self._base_path(f'/audio/jobs/{job_id}/content'))}"
                self.was_cancelled(answer)
        except httpx2.TransportError as error:
            outcome = f"it could not be cancelled and may still be running: {_error_text(error)}"
        self.job_id = None
        message = f"The job {job_id} took longer than {self._settings.wait_seconds:g} s: {outcome}"
        raise JobTimedOut(message, self._request, job_id)

    def _wait_s(self, give_up_at: float | None) -> int:
        wait_s: float = _LONGEST_WAIT_S if self._settings.on_job is None else _WAIT_WITH_REPORTS_S
        read_s = (self._request.extensions.get("timeout") or {}).get("read")
        if read_s is not None:
            wait_s = min(wait_s, max(1, read_s - _MARGIN_S))
        if give_up_at is not None:
            wait_s = min(wait_s, give_up_at - time.monotonic())
        return max(0, int(wait_s))

    # ------------------------------------------------------------ requests
    def _with_retries(self, request: httpx2.Request, *, keep_open: bool = False) -> Steps:
        """Send a request with retries. Raises the last connection error."""
        for attempt in range(self._settings.retries + 1):
            is_last = attempt == self._settings.retries
            pause_s = _pause_s(attempt)
            try:
                answer = yield SendRequest(request, keep_open=keep_open)
            except httpx2.TransportError:
                if is_last:
                    raise
            else:
                if is_last or not _should_retry(answer):
                    return answer
                pause_s = _retry_after_s(answer) or pause_s
            yield Delay(pause_s)
        raise AssertionError("the last attempt returns or raises")

    def _to(
        self, method: str, url: httpx2.URL, headers: dict[str, str], content: bytes | None = None
    ) -> httpx2.Request:
        merged = httpx2.Headers(self._headers)
        merged.update(headers)
        return httpx2.Request(method, url, headers=merged, content=content, extensions=self._extensions())

    def _extensions(self) -> dict[str, Any]:
        return {name: value for name, value in self._request.extensions.items() if name == "timeout"}

    def _base_path(self, path: str) -> httpx2.URL:
        return self._base.copy_with(path=self._base.path.rstrip("/") + path)


def _is_running(answer: httpx2.Response, content_url: httpx2.URL) -> bool:
    """Whether the response only means that the job has not ended."""
    if answer.status_code == _SEE_OTHER:
        # Any other redirect leads to the result.
        return content_url.join(answer.headers.get("location", "")).path == content_url.path
    return answer.status_code >= _SERVER_ERROR and _object(answer).get("error", {}).get("code") == "still_running"


def _should_retry(answer: httpx2.Response) -> bool:
    """Whether to retry, by the rules of the SDKs."""
    said = answer.headers.get("x-should-retry")
    if said is not None:
        return said == "true"
    if (_retry_after_s(answer) or 0) > _LONGEST_RETRY_AFTER_S:
        return False
    return answer.status_code in _RETRIED_STATUSES or answer.status_code >= _SERVER_ERROR


def _retry_after_s(answer: httpx2.Response) -> float | None:
    try:
        seconds = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _pause_s(attempt: int) -> float:
    return min(_FIRST_PAUSE_S * 2.0**attempt, _LONGEST_PAUSE_S) * (1 - 0.25 * random())  # noqa: S311 - no secret


def _cost_of(answer: httpx2.Response, content_url: httpx2.URL) -> str:
    """Describe the cost of a cancelled job, and where its partial result is, from the response to its cancellation."""
    usage = _object(answer).get("usage")
    if not isinstance(usage, dict):
        return "and costs nothing."
    done = ", ".join(f"{number} {unit}" for unit, number in usage.items() if unit != "type")
    cost = answer.headers.get("x-audio-gateway-cost-usd")
    price = f"costs ${cost}" if cost else "is charged"
    return f"and the work done by then ({done}) {price}. The partial result is at {content_url}?partial=true."


def _object(answer: httpx2.Response) -> Job:
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _without_retry(answer: httpx2.Response) -> httpx2.Response:
    """Mark a response so that the SDK does not retry, which would upload the file again and start another job."""
    if answer.status_code >= _BAD_REQUEST:
        answer.headers["x-should-retry"] = "false"
    return answer


def _refused_by_bucket(answer: httpx2.Response) -> httpx2.Response:
    found = _XML.search(answer.text)
    code, message = (found[1], found[2]) if found else (str(answer.status_code), answer.text[:200])
    status = {_FORBIDDEN: _BAD_GATEWAY}.get(answer.status_code, answer.status_code)
    if code == "EntityTooLarge":
        status = _TOO_LARGE
    return _error(status, f"The bucket refused the file: {code}: {message}", "file")


def _error(status: int, message: str, param: str | None) -> httpx2.Response:
    """Return an error of this client in the gateway's format, for the SDK to raise."""
    kind = "invalid_request_error" if status < _SERVER_ERROR else "server_error"
    envelope = {"error": {"message": message, "type": kind, "param": param, "code": "upload_failed"}}
    return httpx2.Response(status, json=envelope, headers={"x-should-retry": "false"})


def _error_text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ") + "."
