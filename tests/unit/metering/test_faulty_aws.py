"""The faulty proxy passes everything on to the byte, and fails exactly where a rule says so: boto3 is the judge."""

from __future__ import annotations

import http.client
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, EndpointConnectionError

from tests.fakes import faulty_aws
from tests.fakes.faulty_aws import CONFLICT, SERVER_ERROR, SERVER_ERROR_AFTERWARDS, THROTTLED, FaultyAws, Slow
from tests.fakes.faulty_aws import deliver_twice as twice
from tests.fakes.server import LoopbackServer

pytestmark = pytest.mark.slow

TABLE = {"TableName": "gateway"}
KEY = {"pk": {"S": "ACCOUNT#key_1"}, "sk": {"S": "0"}}


class Target(BaseHTTPRequestHandler):
    """Answers `{}` to DynamoDB, and to everything else with what it was sent."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str], bytes]]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def _echo(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.seen.append((f"{self.command} {self.path}", {k.lower(): v for k, v in self.headers.items()}, body))
        if self.command == "DELETE":
            self.send_response_only(204)
            self.end_headers()
            return
        answer = b"{}" if "x-amz-target" in self.headers else body
        self.send_response_only(200)
        self.send_header("X-Twice", "one")
        self.send_header("X-Twice", "two")
        self.send_header("ETag", '"caf\u00e9"')
        self.send_header("Content-Length", "1234" if self.command == "HEAD" else str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _echo  # noqa: N815 - the base class's names


@pytest.fixture(scope="module")
def target() -> Iterator[Any]:
    Target.seen = []
    server = LoopbackServer(("127.0.0.1", 0), Target)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def seen() -> list[tuple[str, dict[str, str], bytes]]:
    Target.seen = []
    return Target.seen


@pytest.fixture
def aws(target: str, seen: Any) -> Iterator[FaultyAws]:
    with FaultyAws(target) as aws:
        yield aws


@pytest.fixture
def wire(aws: FaultyAws) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(aws.endpoint_url.removeprefix("http://"), timeout=10)
    yield connection
    connection.close()


def client(service: str, aws: FaultyAws, attempts: int = 1) -> Any:
    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(
        service,
        endpoint_url=aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="AKIATESTING",
        aws_secret_access_key="secret",
        config=Config(retries=retries, read_timeout=5, proxies={}),
    )


@pytest.fixture
def dynamodb(aws: FaultyAws) -> Iterator[Any]:
    made = client("dynamodb", aws)
    yield made
    made.close()


def refusal(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


# ---------------------------------------------------------------- what passes


def test_bodies_pass_to_the_byte_on_one_connection(wire: http.client.HTTPConnection, seen: Any) -> None:
    bodies = [os.urandom(5_000_000), b"", bytes(range(256))]
    sockets = set()
    for body in bodies:
        wire.request("PUT", "/bucket/a%20b?x=%2F&y", body, {"Host": "bucket.s3.local", "X-Amz-Meta-A": "\u00e9"})
        sockets.add(wire.sock)
        answer = wire.getresponse()
        assert answer.read() == body
    assert len(sockets) == 1
    assert [body for _, _, body in seen] == bodies
    line, headers, _ = seen[0]
    assert line == "PUT /bucket/a%20b?x=%2F&y"
    assert (headers["host"], headers["x-amz-meta-a"]) == ("bucket.s3.local", "\u00e9")
    assert "accept-encoding" not in headers or headers["accept-encoding"] == "identity"


def test_answers_keep_their_headers_and_those_without_a_body_stay_without(wire: http.client.HTTPConnection) -> None:
    wire.request("HEAD", "/bucket/key")
    answer = wire.getresponse()
    assert (answer.read(), answer.getheader("Content-Length")) == (b"", "1234")
    wire.request("DELETE", "/bucket/key")
    answer = wire.getresponse()
    assert (answer.status, answer.read(), answer.getheader("Content-Length")) == (204, b"", None)
    wire.request("GET", "/bucket/key")
    answer = wire.getresponse()
    assert (answer.read(), answer.headers.get_all("X-Twice"), answer.getheader("ETag")) == (
        b"", ["one", "two"], '"caf\u00e9"',
    )  # fmt: skip


def test_bodies_in_chunks_and_those_that_wait_for_leave_pass(wire: http.client.HTTPConnection, seen: Any) -> None:
    pieces = [b"a" * 70_000, b"b"]
    wire.request("PUT", "/bucket/key", iter(pieces), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert wire.getresponse().read() == b"".join(pieces)
    assert seen[0][1]["content-length"] == "70001"
    host, port = wire.host, wire.port
    with socket.create_connection((host, port), timeout=5) as raw:
        raw.sendall(b"PUT /b/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert raw.recv(1000).startswith(b"HTTP/1.1 100 ")
        raw.sendall(b"abc")
        assert b"200" in raw.recv(1000)
    assert (seen[1][2], "expect" in seen[1][1]) == (b"abc", False)


def test_it_remembers_operations_and_keys_and_no_values(aws: FaultyAws, dynamodb: Any) -> None:
    item = {**KEY, "text": {"S": "a secret"}}
    dynamodb.put_item(**TABLE, Item=item)
    dynamodb.get_item(**TABLE, Key=KEY)
    put = {"Put": {**TABLE, "Item": {"pk": {"S": "A"}, "sk": {"S": "1"}}}}
    change = {"Update": {**TABLE, "Key": KEY, "UpdateExpression": "REMOVE a"}}
    dynamodb.transact_write_items(TransactItems=[put, change])
    assert [(call.operation, call.keys, call.status) for call in aws.calls] == [
        ("PutItem", (("ACCOUNT#key_1", "0"),), 200),
        ("GetItem", (("ACCOUNT#key_1", "0"),), 200),
        ("TransactWriteItems", (("A", "1"), ("ACCOUNT#key_1", "0")), 200),
    ]
    assert "secret" not in repr(aws.calls)
    assert (aws.count("GetItem"), aws.count("PutItem", "ACCOUNT#"), aws.count("PutItem", "LEDGER#")) == (1, 1, 0)


def test_sixteen_simultaneous_calls_each_get_their_own_answer(aws: FaultyAws) -> None:
    def ask(number: int) -> bool:
        connection = http.client.HTTPConnection(aws.endpoint_url.removeprefix("http://"), timeout=10)
        body = bytes([number]) * 100_000
        connection.request("PUT", f"/bucket/{number}", body)
        same = connection.getresponse().read() == body
        connection.close()
        return same

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(48)))


def test_requests_wait_until_the_target_is_known(target: str, seen: Any) -> None:
    with FaultyAws() as aws:
        timer = threading.Timer(0.1, aws.forward_to, [target])
        timer.start()
        client("dynamodb", aws).get_item(**TABLE, Key=KEY)
        timer.join()
    assert len(seen) == 1


# ---------------------------------------------------------------- what fails


@pytest.mark.parametrize(
    ("act", "refused"),
    [
        (THROTTLED, ("ProvisionedThroughputExceededException", 400)),
        (faulty_aws.THROTTLED_BY_THE_ACCOUNT, ("ThrottlingException", 400)),
        (CONFLICT, ("TransactionConflictException", 400)),
        (SERVER_ERROR, ("InternalServerError", 500)),
        (SERVER_ERROR_AFTERWARDS, ("InternalServerError", 500)),
    ],
)
def test_refusals_are_those_of_dynamodb(
    aws: FaultyAws, dynamodb: Any, seen: Any, act: Any, refused: tuple[str, int]
) -> None:
    aws.fault(act)
    assert refusal(dynamodb.get_item, **TABLE, Key=KEY) == refused
    assert len(seen) == int(act is SERVER_ERROR_AFTERWARDS)
    assert [(call.fault, call.status) for call in aws.calls] == [refused]


def test_refusals_are_those_of_s3(aws: FaultyAws) -> None:
    s3 = client("s3", aws)
    aws.fault(SERVER_ERROR, operation="PUT", path="/bucket/unsettled/")
    s3.delete_object(Bucket="bucket", Key="unsettled/a")
    assert refusal(s3.put_object, Bucket="bucket", Key="unsettled/a", Body=b"x") == ("InternalServerError", 500)
    s3.close()


@pytest.mark.parametrize(("act", "delivered"), [(faulty_aws.hang_up, 0), (faulty_aws.lose_the_answer, 1)])
def test_connections_end_before_or_after_the_delivery(
    aws: FaultyAws, dynamodb: Any, seen: Any, act: Any, delivered: int
) -> None:
    aws.fault(act)
    with pytest.raises(ConnectionClosedError):
        dynamodb.get_item(**TABLE, Key=KEY)
    assert (len(seen), aws.calls[0].status) == (delivered, None)
    dynamodb.get_item(**TABLE, Key=KEY)


def test_the_client_library_repeats_a_lost_answer(aws: FaultyAws, seen: Any) -> None:
    aws.fault(faulty_aws.lose_the_answer)
    patient = client("dynamodb", aws, attempts=2)
    patient.get_item(**TABLE, Key=KEY)
    patient.close()
    assert len(seen) == 2


def test_a_request_is_delivered_twice(aws: FaultyAws, dynamodb: Any, seen: Any) -> None:
    aws.fault(twice)
    dynamodb.get_item(**TABLE, Key=KEY)
    assert len(seen) == 2
    assert seen[0] == seen[1]


@pytest.mark.parametrize("when", ["before_s", "after_s"])
def test_a_slow_service_takes_its_time(aws: FaultyAws, dynamodb: Any, seen: Any, when: str) -> None:
    aws.fault(Slow(**{when: 0.2}))
    started = time.monotonic()
    dynamodb.get_item(**TABLE, Key=KEY)
    assert 0.2 <= time.monotonic() - started < 20
    assert len(seen) == 1


def test_a_rule_applies_to_matching_calls_and_at_most_so_often(aws: FaultyAws, dynamodb: Any) -> None:
    other = {"pk": {"S": "ACCOUNT#key_2"}, "sk": {"S": "0"}}
    rule = aws.fault(THROTTLED, operation="PutItem", pk="ACCOUNT#key_1", containing="marked", skip=1, times=2)
    marked, plain, others = KEY | {"a": {"S": "marked"}}, KEY, other | {"a": {"S": "marked"}}
    outcomes = []
    for item in (marked, plain, others, marked, marked, marked):
        try:
            dynamodb.put_item(**TABLE, Item=item)
            outcomes.append("good")
        except ClientError:
            outcomes.append("refused")
    assert outcomes == ["good", "good", "good", "refused", "refused", "good"]
    assert rule.hits == 2


def test_a_rule_without_an_end_is_stopped(aws: FaultyAws, dynamodb: Any) -> None:
    rule = aws.fault(THROTTLED, times=None)
    for _ in range(3):
        refusal(dynamodb.get_item, **TABLE, Key=KEY)
    rule.stop()
    dynamodb.get_item(**TABLE, Key=KEY)


@pytest.mark.parametrize("after", [False, True])
def test_a_paused_request_goes_on_when_it_is_released(aws: FaultyAws, dynamodb: Any, seen: Any, after: bool) -> None:
    pause = aws.pause(after=after, operation="GetItem")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(dynamodb.get_item, **TABLE, Key=KEY)
        request = pause.arrived(60)
        assert (request.operation, request.process) == ("GetItem", os.getpid())
        assert (len(seen), answer.done()) == (int(after), False)
        pause.forward()
        assert answer.result(60)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert len(seen) == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_paused_request_can_be_dropped(aws: FaultyAws, dynamodb: Any, seen: Any, after: bool) -> None:
    pause = aws.pause(after=after)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(dynamodb.get_item, **TABLE, Key=KEY)
        pause.arrived(60)
        pause.drop()
        assert isinstance(answer.exception(60), ConnectionClosedError)
    assert len(seen) == int(after)


def test_a_pause_that_nothing_comes_to_says_so(aws: FaultyAws) -> None:
    with pytest.raises(TimeoutError):
        aws.pause().arrived(0.05)


def test_while_it_is_down_connections_are_refused_and_open_ones_broken(
    aws: FaultyAws, dynamodb: Any, wire: http.client.HTTPConnection
) -> None:
    dynamodb.get_item(**TABLE, Key=KEY)
    wire.request("GET", "/bucket/key")
    wire.getresponse().read()
    with aws.down():
        with pytest.raises(EndpointConnectionError):
            client("dynamodb", aws).get_item(**TABLE, Key=KEY)
        wire.sock.settimeout(5)
        assert wire.sock.recv(1) == b""
        with pytest.raises(BotoCoreError):
            dynamodb.get_item(**TABLE, Key=KEY)
    dynamodb.get_item(**TABLE, Key=KEY)


def test_rules_and_calls_are_forgotten(aws: FaultyAws, dynamodb: Any) -> None:
    aws.fault(THROTTLED, times=None)
    refusal(dynamodb.get_item, **TABLE, Key=KEY)
    aws.reset()
    assert aws.calls == []
    dynamodb.get_item(**TABLE, Key=KEY)
