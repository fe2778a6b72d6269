"""The DynamoDB calls that every request makes, without botocore around them.

botocore takes 1 ms of processor time for a call, and this a tenth of it: nothing resolves the endpoint each time,
handles events, or reads from a model how to serialise. Waiting, repeating and errors are botocore's in its standard
mode, except that no quota limits how many calls are repeated: there are at most two tries of each.
"""

from __future__ import annotations

import json
import random
import ssl
import time
import uuid
import zlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from audio_gateway import __version__
from audio_gateway.aws.kept_connections import Answer, KeptConnections
from audio_gateway.aws.signature import Signer

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

MAY_ARRIVE_AGAIN: Final = "MayArriveAgain"
"""In the metadata of an answer: the call was sent again while the outcome of the first try was unknown."""

_PAUSE_S: Final = 0.025  # between two tries, at most
_THROTTLED_PAUSE_S: Final = 1.0
_THROTTLED: Final = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "Throttling", "ThrottlingException"}
)
_TRANSIENT: Final = frozenset({"ReplicatedWriteConflictException", "RequestTimeout", "RequestTimeoutException"})
_TRANSIENT_STATUS: Final = frozenset({500, 502, 503, 504})


class DirectDynamoDB:
    """Has the calls of botocore's client for one item. All its other attributes are those of `client`.

    Items have no binary attributes. `credentials` returns the current ones, or None. `ca_bundle` is a file with the
    certificates to trust, in place of the system's.
    """

    def __init__(
        self,
        client: Any,
        credentials: Callable[[], ReadOnlyCredentials | None],
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        attempts: int,
        ca_bundle: str | None,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._attempts = attempts
        url = urlsplit(client.meta.endpoint_url)
        tls = ssl.create_default_context(cafile=ca_bundle) if url.scheme == "https" else None
        port = url.port or (80 if tls is None else 443)
        self._host = url.netloc
        self._signer = Signer("dynamodb", client.meta.region_name)
        self._connections = KeptConnections(
            url.hostname or "", port, tls=tls, connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **parameters: Any) -> dict[str, Any]:
        """Raises `ClientError` or another `BotoCoreError`, as all calls do."""
        return self._call("GetItem", parameters)

    def put_item(self, **parameters: Any) -> dict[str, Any]:
        """As botocore's."""
        return self._call("PutItem", parameters)

    def update_item(self, **parameters: Any) -> dict[str, Any]:
        """As botocore's."""
        return self._call("UpdateItem", parameters)

    def delete_item(self, **parameters: Any) -> dict[str, Any]:
        """As botocore's."""
        return self._call("DeleteItem", parameters)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._connections.close()
        self._client.close()

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(parameters).encode()
        invocation = str(uuid.uuid4())
        doubtful = False
        for attempt in range(1, self._attempts + 1):
            try:
                answer = self._connections.exchange(self._request(operation, body, invocation, attempt))
                result = _read(answer)
            except OSError as error:
                if attempt == self._attempts:
                    raise _no_answer(error, self._client.meta.endpoint_url) from error
                doubtful, longest_s = True, _PAUSE_S
            else:
                code = result["Error"]["Code"] if "Error" in result else None
                may_be_repeated = code in _THROTTLED or code in _TRANSIENT or answer.status in _TRANSIENT_STATUS
                if not may_be_repeated or attempt == self._attempts:
                    break
                doubtful = doubtful or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                longest_s = _THROTTLED_PAUSE_S if code in _THROTTLED else _PAUSE_S
            time.sleep(random.uniform(0, longest_s))  # noqa: S311 - apart from others, not secret
        return self._outcome(operation, answer, result, attempt, doubtful=doubtful)

    def _request(self, operation: str, body: bytes, invocation: str, attempt: int) -> bytes:
        credentials = self._credentials()
        if credentials is None or credentials.access_key is None or credentials.secret_key is None:
            from botocore.exceptions import NoCredentialsError

            raise NoCredentialsError
        signed = {"host": self._host, "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        signed["x-amz-target"] = f"DynamoDB_20120810.{operation}"
        authorization = self._signer.authorization(credentials.access_key, credentials.secret_key, signed, body)
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        head = (
            f"POST / HTTP/1.1\r\n{lines}authorization: {authorization}\r\ncontent-type: application/x-amz-json-1.0\r\n"
            f"content-length: {len(body)}\r\naccept-encoding: identity\r\nuser-agent: audio-gateway/{__version__}\r\n"
            f"amz-sdk-invocation-id: {invocation}\r\namz-sdk-request: attempt={attempt}; max={self._attempts}\r\n\r\n"
        )
        return head.encode() + body

    def _outcome(
        self, operation: str, answer: Answer, result: dict[str, Any], attempt: int, *, doubtful: bool
    ) -> dict[str, Any]:
        metadata: dict[str, Any] = {
            "RequestId": answer.headers.get(b"x-amzn-requestid", b"").decode("latin-1"),
            "HTTPStatusCode": answer.status,
            "RetryAttempts": attempt - 1,
        }
        if doubtful:
            metadata[MAY_ARRIVE_AGAIN] = True
        result["ResponseMetadata"] = metadata
        if "Error" in result:
            raise self._client.exceptions.from_code(result["Error"]["Code"])(result, operation)
        return result


def _read(answer: Answer) -> dict[str, Any]:
    """The content of an answer, as botocore gives it. Raises `ConnectionError` if it was damaged on its way."""
    checksum = answer.headers.get(b"x-amz-crc32")
    if checksum is not None and checksum != b"%d" % zlib.crc32(answer.body):
        raise ConnectionError("the checksum of the answer is wrong")
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = None
    is_object = isinstance(content, dict)
    if answer.status == HTTPStatus.OK:
        if not is_object:
            raise ConnectionError("the answer is not JSON")
        result: dict[str, Any] = content
        return result
    fault: dict[str, Any] = content if is_object else {}
    code = str(fault.pop("__type", answer.status)).rpartition("#")[2].partition(":")[0]
    message = fault.pop("Message", fault.get("message", ""))
    return {**fault, "Error": {"Code": code, "Message": message}}


def _no_answer(error: OSError, endpoint_url: str) -> Exception:
    from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

    kind = ReadTimeoutError if isinstance(error, TimeoutError) else EndpointConnectionError
    return kind(endpoint_url=endpoint_url, error=error)
