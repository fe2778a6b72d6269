"""The function behind the queue of webhooks: messages in, and out those that are to come again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from audio_gateway.errors import StorageUnavailable
from audio_gateway.telemetry import log_unexpected, logger
from audio_gateway.use_cases.deliver_webhooks import WebhookDispatcher, deliver, fan_out
from audio_gateway.webhooks.queue import JobEvent, read_message

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def webhook_delivery_handler(dispatcher: WebhookDispatcher) -> Handler:
    """The function's handler. The messages of a batch are worked on at once: each may wait for somebody's server."""

    def handle(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
        records = event["Records"]
        with ThreadPoolExecutor(max_workers=len(records)) as pool:
            done = list(pool.map(lambda record: _work_on(record, dispatcher), records))
        failed = [record["messageId"] for record, fine in zip(records, done, strict=True) if not fine]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    return handle


def _work_on(record: Mapping[str, Any], dispatcher: WebhookDispatcher) -> bool:
    """Whether the queue may forget the message."""
    started = time.perf_counter()
    fields: dict[str, Any] = {"message_id": record["messageId"]}
    try:
        what = read_message(record["body"])
        fields |= {"project_id": what.project_id, "event_id": what.event.id, "job_id": what.event.job_id}
        if isinstance(what, JobEvent):
            fields["endpoints"] = fan_out(what, dispatcher=dispatcher)
        else:
            fields |= {"webhook_endpoint_id": what.endpoint_id, "attempt": what.attempt}
            tried = deliver(what, dispatcher=dispatcher)
            if tried is not None:
                fields |= {"status_code": tried.status_code, "outcome": tried.error, "next_at": tried.next_at}
    except StorageUnavailable as error:
        fields["error"] = type(error).__name__
    except Exception as error:  # noqa: BLE001 - one message must not take the others of its batch along
        fields["error"] = type(error).__name__
        log_unexpected(error, record["messageId"])
    fields["elapsed_ms"] = round((time.perf_counter() - started) * 1000, 2)
    logger().info("webhook", extra={name: value for name, value in fields.items() if value is not None})
    return "error" not in fields
