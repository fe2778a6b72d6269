"""`webhooks listen`: shows events, refuses other requests, and removes its endpoint."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import HTTPServer
from types import SimpleNamespace
from typing import Any, Self, cast

import httpx2
import openai
import pytest
from openai import OpenAI

from audio_gateway.cli.api_options import ApiOptions
from audio_gateway.cli.listen import receiver
from audio_gateway.webhooks.webhook import EVENT_TYPES, WebhookEvent, new_secret, signed_headers
from tests.unit.cli.operator import run

SECRET = new_secret()
EVENT = WebhookEvent("audio.job.failed", "job_1", 1_795_253_400)


class Endpoints:
    """The webhook endpoints of a gateway, with the SDK's methods."""

    def __init__(self) -> None:
        self.there = [SimpleNamespace(id="webhook_old", url="http://127.0.0.1:0/")]
        self.refusal: Exception | None = None

    def list(self, *, limit: int) -> Any:
        assert limit == 100
        return iter(self.there)

    def create(self, *, name: str, url: str, event_types: Any) -> Any:
        if self.refusal is not None:
            raise self.refusal
        assert (name, event_types) == ("webhooks listen", list(EVENT_TYPES))
        self.there.append(SimpleNamespace(id="webhook_new", url=url, signing_secret=SECRET))
        return self.there[-1]

    def delete(self, endpoint_id: str) -> None:
        self.there = [each for each in self.there if each.id != endpoint_id]


@pytest.fixture
def endpoints(monkeypatch: pytest.MonkeyPatch) -> Endpoints:
    found = Endpoints()
    real = OpenAI(api_key="sk-none")
    monkeypatch.setattr(found, "unwrap", real.webhooks.unwrap, raising=False)

    class Client(SimpleNamespace):
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            real.close()

    monkeypatch.setattr(ApiOptions, "client", lambda _: Client(webhooks=found))
    return found


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with (
        OpenAI(api_key="sk-none") as client,
        HTTPServer(("127.0.0.1", 0), receiver(client, SECRET, as_json=False)) as it,
    ):
        thread = threading.Thread(target=it.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield it
        it.shutdown()
        it.server_close()
        thread.join()


def post(port: int, body: bytes, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_signed_events_are_shown_and_others_are_refused(server: HTTPServer, capsys: pytest.CaptureFixture[str]) -> None:
    port, now_s = server.server_address[1], int(time.time())
    assert post(port, EVENT.body, signed_headers(EVENT.id, EVENT.body, (SECRET,), now_s)) == 204
    assert post(port, EVENT.body, signed_headers(EVENT.id, EVENT.body, (new_secret(),), now_s)) == 400
    assert post(port, EVENT.body, signed_headers(EVENT.id, EVENT.body, (SECRET,), now_s - 600)) == 400
    assert post(port, b"", {}) == 400
    shown = capsys.readouterr()
    assert shown.out == f"audio.job.failed  job_1  {EVENT.id}\n"
    assert shown.err.count("refused: ") == 3


@pytest.mark.parametrize("length", ["-1", "many", "65537", "²"])
def test_a_body_of_an_invalid_length_is_refused_immediately(
    server: HTTPServer, length: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=2) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode("latin-1"))
        assert connection.recv(100).split()[1] == b"400"
    assert post(server.server_address[1], b"", {}) == 400  # it still serves
    assert "Traceback" not in capsys.readouterr().err


def test_listen_registers_an_endpoint_prints_events_and_removes_it(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = 0

    def serve(server: HTTPServer) -> None:
        nonlocal port
        port = server.server_address[1]
        assert [each.id for each in endpoints.there] == ["webhook_old", "webhook_new"]
        headers = signed_headers(EVENT.id, EVENT.body, (SECRET,), int(time.time()))
        sending = threading.Thread(target=post, args=(port, EVENT.body, headers))
        sending.start()
        server.handle_request()
        sending.join()
        raise KeyboardInterrupt

    monkeypatch.setattr(HTTPServer, "serve_forever", serve)
    with HTTPServer(("127.0.0.1", 0), cast("Any", None)) as free:
        taken = str(free.server_address[1])
        assert "--port" in run("webhooks", "listen", "--port", taken, code=1).stderr
    endpoints.there.append(SimpleNamespace(id="webhook_left", url=f"http://127.0.0.1:{taken}/"))
    result = run("webhooks", "listen", "--port", taken, "--json")
    assert json.loads(result.stdout) == json.loads(EVENT.body)
    assert [each.id for each in endpoints.there] == ["webhook_old"]


def test_a_gateway_that_does_not_allow_the_address_gets_a_hint(endpoints: Endpoints) -> None:
    request = httpx2.Request("POST", "http://127.0.0.1/v1/webhook_endpoints")
    answer = httpx2.Response(400, request=request)
    endpoints.refusal = openai.BadRequestError("no", response=answer, body={"message": "no", "code": "invalid_url"})
    stderr = run("webhooks", "listen", "--port", "9009", code=1).stderr
    assert "AUDIO_GATEWAY_ALLOW_HOSTS=127.0.0.1:9009 make run" in stderr
