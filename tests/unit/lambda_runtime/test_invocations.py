"""What a handler is given, and a response that is no stream."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from audio_gateway.lambda_runtime.runtime_api import RuntimeApiFailed
from audio_gateway.response_stream import ResponseStream
from tests.fakes.runtime_api import MAX_BUFFERED_BYTES, FakeRuntimeApi
from tests.unit.lambda_runtime.serving import HEADERS, Runtime, Streaming, sending


def echo(event: Any, _context: Any) -> Any:
    """Return the event."""
    return event


def test_a_handler_without_a_stream_is_answered_in_one_piece(api: FakeRuntimeApi) -> None:
    call = api.invoke({"text": "caf\u00e9"})
    Runtime(api, echo).serve()
    assert call.wait().body == '{"text": "caf\u00e9"}'.encode()
    assert call.sent_headers["Content-Type"] == "application/json"
    assert "Lambda-Runtime-Function-Response-Mode" not in call.sent_headers


def test_buffered_responses_share_a_connection_and_each_streamed_one_closes_its_own(api: FakeRuntimeApi) -> None:
    for _ in range(2):
        api.invoke()
    Runtime(api, echo).serve(2)
    assert len(api.connections) == 1
    for _ in range(2):
        api.invoke()
    Runtime(api, sending(b"a")).serve(2)
    assert len(api.connections) == 3


def test_a_connection_that_was_closed_between_two_invocations_is_opened_again(api: FakeRuntimeApi) -> None:
    calls = [api.invoke(1)]

    def answer(event: Any, _context: Any) -> Any:
        if event == 1:
            api.close_connections()
            calls.append(api.invoke(2))
        return event

    Runtime(api, answer).serve(2)
    assert [call.wait().body for call in calls] == [b"1", b"2"]


def test_a_connection_that_was_closed_while_the_handler_worked_is_opened_again(api: FakeRuntimeApi) -> None:
    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        api.close_connections()
        response.start(200, HEADERS)
        response.write(b"a")

    call = api.invoke()
    Runtime(api, Streaming(answer)).serve()
    assert call.wait().content == b"a"


def test_a_connection_that_was_closed_while_nothing_was_asked_is_opened_again(api: FakeRuntimeApi) -> None:
    runtime = Runtime(api, echo)
    first = api.invoke(1)
    runtime.serve_next()
    api.close_connections()
    second = api.invoke(2)
    runtime.serve()
    assert [call.wait().body for call in (first, second)] == [b"1", b"2"]


@pytest.mark.parametrize("more", ["caf\u00e9", 'a "quoted" \\ part\n', "half a pair: \ud83d"])
def test_a_large_event_is_what_it_is(more: str, api: FakeRuntimeApi) -> None:
    seen: list[Any] = []
    event = {"body": "x" * 200_000 + more, "n": 10**30, "f": 0.1, "list": [None, True], "empty": {}}
    api.invoke(event)
    Runtime(api, lambda given, _: seen.append(given)).serve()
    assert seen == [event]


@pytest.mark.parametrize("text", ["", "a", "a" * 6_000_000])
def test_events_may_be_chunked(text: str) -> None:
    with FakeRuntimeApi(chunked_events=True) as api:
        call = api.invoke(text)
        Runtime(api, echo).serve()
        assert json.loads(call.wait().body) == text


def test_a_response_that_is_too_large_is_refused_and_the_next_event_is_served(
    api: FakeRuntimeApi, caplog: pytest.LogCaptureFixture
) -> None:
    fits, too_large, following = (
        api.invoke(MAX_BUFFERED_BYTES - 2),
        api.invoke(MAX_BUFFERED_BYTES - 1),
        api.invoke(1),
    )
    Runtime(api, lambda event, _context: "a" * event).serve(3)
    assert [call.wait().answers for call in (fits, too_large, following)] == [[202], [413], [202]]
    assert "refused invocation/" in caplog.text


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("handler", [echo, sending(b"a")])
def test_a_refused_response_does_not_end_the_process(
    handler: Any, status: int, api: FakeRuntimeApi, caplog: pytest.LogCaptureFixture
) -> None:
    refused, following = api.invoke(status=status), api.invoke()
    Runtime(api, handler).serve(2)
    assert [call.wait().answers for call in (refused, following)] == [[status], [202]]
    assert f"{status}" in caplog.text


@pytest.mark.parametrize("handler", [echo, sending(b"a")])
def test_a_broken_platform_ends_the_process(handler: Any, api: FakeRuntimeApi) -> None:
    api.invoke(status=500)
    with pytest.raises(RuntimeApiFailed, match="status 500"):
        Runtime(api, handler).serve()


@pytest.mark.parametrize("status", [403, 410, 500])
def test_a_refused_poll_ends_the_process(status: int, api: FakeRuntimeApi) -> None:
    api.refuse_next(status)
    with pytest.raises(RuntimeApiFailed, match=f"status {status}"):
        Runtime(api, echo).serve()


def test_a_platform_that_is_gone_ends_the_process() -> None:
    with FakeRuntimeApi() as api:
        runtime = Runtime(api, echo)
    with pytest.raises(RuntimeApiFailed, match="No next invocation"):
        runtime.serve()


def test_what_cannot_be_written_as_json_is_an_error(api: FakeRuntimeApi) -> None:
    call = api.invoke()
    Runtime(api, lambda _event, _context: object()).serve()
    assert (call.wait().kind, json.loads(call.body)["errorType"]) == ("error", "TypeError")


def test_the_context_has_what_aws_documents(api: FakeRuntimeApi) -> None:
    found: list[Any] = []
    client = {"custom": {"name": "caf\u00e9"}, "env": {"locale": "fr"}, "client": {"app_title": "Player"}}
    call = api.invoke(
        seconds=30,
        headers={
            "Lambda-Runtime-Client-Context": json.dumps(client, ensure_ascii=False),
            "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId": "a", "cognitoIdentityPoolId": "b"}',
            "Lambda-Runtime-Aws-Tenant-Id": "tenant",
        },
    )
    variables = {
        "AWS_LAMBDA_FUNCTION_NAME": "speech",
        "AWS_LAMBDA_FUNCTION_VERSION": "7",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/speech",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/12/01/[7]a",
    }
    Runtime(api, lambda _event, context: found.append(context), variables).serve()
    (context,) = found
    assert (context.aws_request_id, context.invoked_function_arn, context.tenant_id) == (
        call.request_id,
        "arn:aws:lambda:eu-west-1:123456789012:function:speech",
        "tenant",
    )
    assert (context.function_name, context.function_version, context.memory_limit_in_mb) == ("speech", "7", "1024")
    assert (context.log_group_name, context.log_stream_name) == ("/aws/lambda/speech", "2026/12/01/[7]a")
    assert (context.client_context.custom, context.client_context.env) == ({"name": "caf\u00e9"}, {"locale": "fr"})
    assert (context.client_context.client.app_title, context.client_context.client.installation_id) == ("Player", None)
    assert (context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id) == ("a", "b")
    assert 0 < context.get_remaining_time_in_millis() <= 30_000


def test_no_time_remains_after_the_deadline_and_an_event_need_not_say_who_calls(api: FakeRuntimeApi) -> None:
    found: list[Any] = []
    api.invoke(seconds=0)
    Runtime(api, lambda _event, context: found.append(context)).serve()
    (context,) = found
    assert (context.client_context, context.identity.cognito_identity_id, context.tenant_id) == (None, None, None)
    assert context.get_remaining_time_in_millis() == 0


def test_each_invocation_has_its_own_trace_id_or_none(api: FakeRuntimeApi) -> None:
    environ: dict[str, str] = {}
    seen: list[str | None] = []
    for trace in ("Root=1", "Root=2"):
        api.invoke(headers={"Lambda-Runtime-Trace-Id": trace})
    for _ in range(2):
        api.invoke()
    Runtime(api, lambda _event, _context: seen.append(environ.get("_X_AMZN_TRACE_ID")), environ).serve(4)
    assert seen == ["Root=1", "Root=2", None, None]


@pytest.mark.parametrize("handler", [echo, sending(b"a"), sending()])
def test_the_id_of_an_invocation_is_sent_back(handler: Any, api: FakeRuntimeApi) -> None:
    call = api.invoke(headers={"Lambda-Runtime-Invocation-Id": "inv-1"})
    Runtime(api, handler).serve()
    assert call.wait().sent_headers["Lambda-Runtime-Invocation-Id"] == "inv-1"


@pytest.mark.parametrize("pieces", [1, 64])
def test_a_huge_body_takes_no_memory(pieces: int, api: FakeRuntimeApi) -> None:
    size = 64 << 20
    piece = bytes(size // pieces)
    peaks: list[int] = []

    def answer(_event: Any, _context: Any, response: ResponseStream) -> None:
        response.start(200, HEADERS)
        tracemalloc.start()
        try:
            for _ in range(pieces):
                response.write(piece)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()

    call = api.invoke(keep=False)
    Runtime(api, Streaming(answer)).serve()
    assert call.wait().received_bytes > size
    assert peaks[0] < 4 << 20  # what the fake server receives at a time counts, too
