"""A fake DynamoDB with one account. It responds immediately, so that only our own time is measured."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.compat import HTTPHeaders

from audio_gateway.metering.account import Hold, MeteredRequest, Payer, minute_of, month_of
from audio_gateway.metering.account_item import hold_text, new_account_item
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.open_accounts import LISTED, list_of

CALLER = Payer("key_0123456789abcdef01234567", "proj_0123456789abcdef01234567")
LIMITS = Limits(
    requests_per_minute=600,
    concurrent_requests=100,
    characters_per_minute=1_000_000,
    audio_ms_per_minute=60_000_000,
    monthly_budget_microusd=1_000_000_000,
)


def work(number: int) -> MeteredRequest:
    """Return a speech request, with an id in API Gateway's format."""
    return MeteredRequest(f"req_{number:032x}", "speech", "gpt-4o-mini-tts", "characters", 1_000, 16_500, 15_000)


def account_item(now_ms: int, open_holds: int) -> dict[str, Any]:
    """Return an account with every limit, in the middle of a minute, with `open_holds` running requests."""
    minute, month = minute_of(now_ms), month_of(now_ms)
    holds = (Hold(CALLER, work(number), now_ms, now_ms // 1000 + 60) for number in range(open_holds))
    return new_account_item(CALLER.key_id, LIMITS) | {
        f"r{minute}": {"N": "321"},
        f"c{minute}": {"N": "321000"},
        f"r{minute - 1}": {"N": "498"},
        f"c{minute - 1}": {"N": "498000"},
        f"m{month}": {"N": "123456789"},
        LISTED: {"S": list_of(CALLER.key_id)},
        "holds": {"M": {hold.work.request_id: {"S": hold_text(hold)} for hold in holds}},
    }


class FakeDynamoDb:
    """Answers UpdateItem and PutItem for `item`, which never changes, and records the `calls`."""

    def __init__(self, item: dict[str, Any]) -> None:
        self._item = item
        self._updated = json.dumps({"Attributes": item}).encode()
        self.calls: list[str] = []

    def answer(self, operation: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body. An update for version 0, which no account has, fails and returns the item."""
        self.calls.append(operation)
        request = json.loads(body)
        if request.get("ExpressionAttributeValues", {}).get(":version") == {"N": "0"}:
            kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
            refusal = {"__type": kind, "message": "The conditional request failed", "Item": self._item}
            return 400, json.dumps(refusal).encode()
        return 200, self._updated if request.get("ReturnValues") == "ALL_NEW" else b"{}"


def answered_in_process(client: Any, table: FakeDynamoDb) -> None:
    """Let `table` answer a client without a network. The rest of a call is botocore's work."""
    from botocore.awsrequest import AWSResponse

    class Body(io.BytesIO):
        def stream(self) -> Iterator[bytes]:
            yield self.read()

    def answer(request: Any, **_: Any) -> AWSResponse:
        status, body = table.answer(_operation(request.headers["X-Amz-Target"].decode()), request.body)
        return AWSResponse(
            request.url, status, HTTPHeaders.from_pairs([("content-type", "application/x-amz-json-1.0")]), Body(body)
        )

    client.meta.events.register("before-send.dynamodb", answer)


@contextlib.contextmanager
def served(table: FakeDynamoDb) -> Iterator[str]:
    """Run an HTTP server with this table on a free port, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            status, body = table.answer(_operation(self.headers["X-Amz-Target"]), sent)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _operation(target: str) -> str:
    return target.partition(".")[2]
