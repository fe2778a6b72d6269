"""The function behind the queue of webhooks. It gets a batch of messages, and returns those to be delivered again."""

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
    """The function's handler. It works on all messages of a batch at the same time, as each may wait for a server."""

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
        message = read_message(record["body"])
        fields |= {"project_id": message.project_id, "event_id": message.event.id, "job_id": message.event.job_id}
        if isinstance(message, JobEvent):
            fields["endpoints"] = fan_out(message, dispatcher=dispatcher)
        else:
            fields |= {"webhook_endpoint_id": message.endpoint_id, "attempt": message.attempt}
            tried = deliver(message, dispatcher=dispatcher)
            if tried is not None:
                fields |= {"status_code": tried.status_code, "outcome": tried.error, "next_at": tried.next_at}
    except StorageUnavailable as error:
        fields["error"] = type(error).__name__
    except Exception as error:  # noqa: BLE001 - one message must not fail the others of its batch
        fields["error"] = type(error).__name__
        log_unexpected(error, record["messageId"])
    fields["elapsed_ms"] = round((time.perf_counter() - started) * 1000, 2)
    logger().info("webhook", extra={name: value for name, value in fields.items() if value is not None})
    return "error" not in fields
