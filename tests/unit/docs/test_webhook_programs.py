"""The pages' programs that receive webhooks, run: what the gateway sends, they take; what others send, they refuse."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import HTTPServer
from typing import Any

import pytest
from openai import InvalidWebhookSignatureError

from audio_gateway.errors import InvalidRequest
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.use_cases.deliver_webhooks import send_test
from audio_gateway.webhooks.sender import DeliveryOutcome, WebhookSender
from audio_gateway.webhooks.webhook import WebhookEndpoint, WebhookEvent, new_secret
from tests.unit.docs.pages import ROOT, blocks

SECRET, ANOTHER = new_secret(), new_secret()


def program(page: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the page's program with `unwrap` defines; it is imported, not started."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", SECRET)
    (code,) = (block for block in blocks((ROOT / page).read_text(), "python") if "webhooks.unwrap" in block)
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(code.replace('webhook_secret="whsec_..."', f'webhook_secret="{SECRET}"'), page, "exec"), names)
    return names


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of docs/clients.md's receiver."""
    server = HTTPServer(("127.0.0.1", 0), program("docs/clients.md", monkeypatch)["Hooks"])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hooks"
    server.shutdown()
    server.server_close()
    thread.join()


def endpoint(url: str, secret: str, **old: Any) -> WebhookEndpoint:
    return WebhookEndpoint("webhook_1", "default", "mine", url, ("audio.job.failed",), secret, 0, 0, **old)


def sender(url: str) -> WebhookSender:
    return WebhookSender(AllowedHosts.parse(url.removeprefix("http://").partition("/")[0]))


def test_the_receiver_takes_what_the_gateway_signed(hooks: str, capsys: pytest.CaptureFixture[str]) -> None:
    now_s = time.time()
    changing = endpoint(hooks, ANOTHER, old_secret=SECRET, old_secret_until=int(now_s) + 60)
    for mine in (endpoint(hooks, SECRET), changing):
        assert send_test(mine, "audio.job.failed", post=sender(hooks), now_s=now_s) == 204
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("audio.job.failed job_")]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("secret", "late_s"), [pytest.param(ANOTHER, 0, id="of another"), pytest.param(SECRET, 3600, id="old")]
)
def test_the_receiver_refuses_what_another_signed_and_what_is_old(hooks: str, secret: str, late_s: int) -> None:
    now_s = time.time() - late_s
    with pytest.raises(InvalidRequest, match="answered 400"):
        send_test(endpoint(hooks, secret), "audio.job.failed", post=sender(hooks), now_s=now_s)


def test_the_function_on_the_page_of_webhooks_unwraps_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    on_request = program("docs/webhooks.md", monkeypatch)["on_request"]
    sent: list[tuple[bytes, dict[str, str]]] = []

    def post(_url: str, body: bytes, headers: Any) -> DeliveryOutcome:
        sent.append((body, dict(headers)))
        return DeliveryOutcome(200)

    now_s = time.time()
    send_test(endpoint("https://example.com", SECRET), "audio.job.failed", post=post, now_s=now_s)
    ((body, headers),) = sent
    assert on_request(body, headers).startswith("job_")
    with pytest.raises(InvalidWebhookSignatureError):
        on_request(body + b" ", headers)


def test_the_page_s_sample_is_what_is_sent() -> None:
    (sample,) = blocks((ROOT / "docs/webhooks.md").read_text(), "json")
    shown = json.loads(sample)
    event = WebhookEvent(shown["type"], shown["data"]["id"], shown["created_at"])
    assert json.loads(event.body) == shown
