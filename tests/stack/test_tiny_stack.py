"""The local stack with a small template: limits, roles and the ways a function is called, through real processes."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.stack.aws import aws_of
from tests.stack.conftest import RunningStack
from tests.stack.tiny.project import tiny_project

pytestmark = pytest.mark.stack

MIB = 1_048_576
PATIENCE_S = 60


class Tiny:
    """The running small system."""

    def __init__(self, root: Path, running: RunningStack) -> None:
        self.info = running.wait_until_ready()
        self.denials = running.denials
        self.folder = root / "functions" / "tiny"

    def call(self, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection(urlsplit(self.info["base_url"]).netloc, timeout=30)
        try:
            connection.request("POST", f"/v1/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def aws(self, service: str) -> Any:
        return aws_of(self.info, service, retries={"total_max_attempts": 1})

    @property
    def function(self) -> str:
        names: list[str] = [f["FunctionName"] for f in self.aws("lambda").list_functions()["Functions"]]
        (name,) = (name for name in names if "TinyFunction" in name)
        return name

    def file(self, name: str) -> Path:
        """Wait for a file that the function makes."""
        path, give_up_at = self.folder / name, time.monotonic() + PATIENCE_S
        while not path.exists():
            assert time.monotonic() < give_up_at, f"no {name}"
            time.sleep(0.01)
        return path


@pytest.fixture(scope="module")
def tiny(run_stack: Callable[..., RunningStack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    root = tiny_project(tmp_path_factory.mktemp("tiny"))
    running = run_stack(root)
    running.denials_meant = True
    yield Tiny(root, running)
    running.stop()


def chunks(total: int) -> Iterator[bytes]:
    for _ in range(total // MIB):
        yield b"x" * MIB


# ---------------------------------------------------------------- limits


def test_what_fits_into_an_event_arrives_whole(tiny: Tiny) -> None:
    assert tiny.call("size", b"x" * 4_500_000)[:2] == (200, b"4500000")


def test_an_event_over_six_megabytes_is_413(tiny: Tiny) -> None:
    status, body, _ = tiny.call("size", b"x" * 4_800_000)

    assert status == 413
    assert json.loads(body) == {"type": "REQUEST_TOO_LARGE"}


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_ten_megabytes_is_413_and_the_client_can_read_it(tiny: Tiny, declared: bool) -> None:
    size = 25 * MIB

    status, body, headers = tiny.call("size", b"x" * size if declared else chunks(size))

    assert status == 413
    assert json.loads(body) == {"type": "REQUEST_TOO_LARGE"}
    assert headers["x-amzn-RequestId"]


def test_answers_up_to_six_megabytes_pass_and_bigger_ones_are_502(tiny: Tiny) -> None:
    fits, over = tiny.call("big?bytes=4700000"), tiny.call("big?bytes=4720000")

    assert (fits[0], len(fits[1]), fits[2]["content-type"]) == (200, 4_700_000, "audio/mpeg")
    assert over[0] == 502
    assert tiny.call("about")[0] == 200


def test_an_answer_after_the_gateways_timeout_is_504_and_the_function_goes_on(tiny: Tiny) -> None:
    status, body, _ = tiny.call("slow")

    assert status == 504
    assert json.loads(body) == {"type": "INTEGRATION_TIMEOUT"}
    tiny.file("went-on")


def test_a_function_past_its_own_timeout_is_502_and_ends(tiny: Tiny) -> None:
    started = time.monotonic()

    assert tiny.call("hang")[0] == 502
    assert 1.9 < time.monotonic() - started < 15
    assert tiny.call("about")[0] == 200


def test_more_calls_than_environments_wait_their_turn(tiny: Tiny) -> None:
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: tiny.call("about"), range(48)))

    assert {status for status, _, _ in answers} == {200}
    assert 1 <= len({json.loads(body)["pid"] for _, body, _ in answers}) <= 6


# ---------------------------------------------------------------- roles and callers


def test_a_function_can_do_what_its_role_allows_and_nothing_else(tiny: Tiny) -> None:
    assert tiny.call("read")[0] == 200
    assert tiny.call("write")[:2] == (403, b"AccessDeniedException")
    assert "dynamodb:PutItem" in tiny.denials()[-1]  # on the console: a function may make something else of it
    assert json.loads(tiny.call("about")[1])["role"] != tiny.info["aws_access_key_id"]


def test_the_tls_only_bucket_works_without_tls_on_loopback(tiny: Tiny) -> None:
    s3 = tiny.aws("s3")

    s3.put_object(Bucket=tiny.info["bucket"], Key="a", Body=b"b")

    assert s3.get_object(Bucket=tiny.info["bucket"], Key="a")["Body"].read() == b"b"


def _parent(pid: int) -> int:
    """The process that started it."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_call_through_the_local_aws_runs_in_the_same_environments(tiny: Tiny) -> None:
    ours = json.loads(tiny.call("about")[1])["pid"]

    answer = tiny.aws("lambda").invoke(FunctionName=tiny.function, Payload=b'{"do": "about"}')

    assert "FunctionError" not in answer
    theirs = json.loads(json.loads(answer["Payload"].read())["body"])["pid"]
    assert _parent(theirs) == _parent(ours)  # one of those that this stack has started, whichever was idle


def test_a_function_error_keeps_its_name_on_the_way_through_the_local_aws(tiny: Tiny) -> None:
    answer = tiny.aws("lambda").invoke(FunctionName=tiny.function, Payload=b'{"do": "fail"}')

    assert answer["FunctionError"] == "Unhandled"
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("NoSuchLuck", "today")


def test_a_message_in_a_queue_reaches_its_function(tiny: Tiny) -> None:
    sqs = tiny.aws("sqs")
    (queue,) = sqs.list_queues()["QueueUrls"]

    sqs.send_message(QueueUrl=queue, MessageBody="hello")

    tiny.file("message-hello")


def test_a_state_machine_calls_its_function_and_catches_its_error(tiny: Tiny) -> None:
    machines = tiny.aws("stepfunctions")
    (machine,) = machines.list_state_machines()["stateMachines"]

    execution = machines.start_execution(stateMachineArn=machine["stateMachineArn"], input='{"do": "fail"}')

    give_up_at = time.monotonic() + PATIENCE_S
    while (found := machines.describe_execution(executionArn=execution["executionArn"]))["status"] == "RUNNING":
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"])["error"]["Error"] == "NoSuchLuck"


# ---------------------------------------------------------------- another emulator, and the end


def test_an_emulator_of_the_operators_is_used_when_one_is_named(
    stack: dict[str, Any], run_stack: Callable[..., RunningStack]
) -> None:
    """Any emulator would do; here it is the MiniStack of a stack that runs already."""
    running = run_stack(
        AWS_ENDPOINT_URL=stack["aws_endpoint_url"],
        AWS_ACCESS_KEY_ID=stack["aws_access_key_id"],
        AWS_SECRET_ACCESS_KEY=stack["aws_secret_access_key"],
    )
    info = running.wait_until_ready()

    assert info["aws_endpoint_url"] == stack["aws_endpoint_url"]
    assert (info["table"], info["bucket"]) == (stack["table"], stack["bucket"])
    assert info["api_key"] != stack["api_key"]
    running.stop()


def test_stopping_waits_neither_for_requests_that_run_nor_for_slow_clients(
    run_stack: Callable[..., RunningStack], tmp_path: Path
) -> None:
    """They would take a minute, and `stop` gives it a third of that."""
    root = tiny_project(tmp_path / "tiny")
    template = root / "template.yaml"
    template.write_text(template.read_text().replace("Timeout: 2\n", "Timeout: 60\n", 1))
    running = run_stack(root)
    tiny = Tiny(root, running)
    address = urlsplit(tiny.info["base_url"])
    calls = [threading.Thread(target=_ignore_the_answer, args=(tiny,)) for _ in range(6)]
    for call in calls:
        call.start()
    tiny.file("hanging")
    slow = http.client.HTTPConnection(address.netloc)
    slow.putrequest("POST", "/v1/size")
    slow.putheader("Content-Length", "1000")
    slow.endheaders(b"only the beginning")

    running.stop()

    slow.close()
    for call in calls:
        call.join()


def _ignore_the_answer(tiny: Tiny) -> None:
    try:
        tiny.call("hang")
    except (OSError, http.client.HTTPException):
        return
