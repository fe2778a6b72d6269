"""A stack whose DynamoDB and S3 can be made to fail, its customers, and what its table says of their money."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
from openai import APIConnectionError, APIStatusError, OpenAI

from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account import Hold, month_of
from audio_gateway.metering.account_item import account_key, hold_text, holds_from
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.limits import limits_from_api
from tests.fakes.faulty_aws import Act, Call, FaultyAws, Rule
from tests.fakes.upstream import FakeUpstream
from tests.stack.aws import aws_of
from tests.stack.conftest import ROOT, RunningStack

CATALOG: Final = Path(__file__).parent / "faults.toml"
PATIENCE_S: Final = 60.0
AWS_TIMEOUT_S: Final = 2.0

TEXT: Final = "Money under fire."
PRICE: Final = len(TEXT)  # of `tts`, in micro-dollars

# What the two writes to an account have of their own. A process that does not know the limits of a key yet learns them
# from an admission for version 0, which never takes effect: it is not meant here.
ADMIT: Final = '":version": {"N": "1"}'
RELEASE: Final = "holds.#h0 = :h0"


_MONTH: Final = re.compile(r"m\d{6}")


@dataclass(frozen=True, slots=True)
class Refused:
    """An error as the caller got it."""

    status: int
    code: str | None
    headers: dict[str, str]


def project_with_faults(folder: Path, endpoint_url: str) -> Path:
    """A copy of the project whose functions reach DynamoDB and S3 at `endpoint_url`; all else is as it is.

    So the functions keep their roles, and the local AWS its ways to call them. They are more patient with the two than
    on AWS, where nobody takes the processor from all at once: one call that fails is to be the one that a test means.
    """
    template = (ROOT / "template.yaml").read_text()
    settings = {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint_url,
        "AWS_ENDPOINT_URL_S3": endpoint_url,
        "AUDIO_GATEWAY_LOCAL_AWS_TIMEOUT": AWS_TIMEOUT_S,
    }
    lines = "".join(rf"\n\g<1>{name}: '{value}'" for name, value in settings.items())
    changed, count = re.subn(r"( +)AWS_ENDPOINT_URL: ''", rf"\g<0>{lines}", template)
    assert count >= template.count("TABLE_NAME: "), "a function that uses the table does not declare AWS_ENDPOINT_URL"
    folder.mkdir()
    (folder / "template.yaml").write_text(changed)
    for name in ("functions", "statemachine", "layers"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".local").mkdir()  # not the project's: the rendered template is kept there
    for name in ("layers", "runtime"):
        (folder / ".local" / name).symlink_to(ROOT / ".local" / name)
    return folder


class FaultyStack:
    """The running stack, the faulty proxy before its AWS, and the fake provider behind it."""

    def __init__(self, running: RunningStack, aws: FaultyAws, upstream: FakeUpstream) -> None:
        self.info = running.wait_until_ready()
        self.aws = aws
        self.upstream = upstream
        self.customers: list[Customer] = []
        self._log = running.stack_file.with_suffix(".log")  # of the functions, as they wrote it
        aws.forward_to(self.info["aws_endpoint_url"])
        self.dynamodb = self.client("dynamodb")
        self.s3 = self.client("s3")
        self._lambda = self.client("lambda")
        self.directory = Directory(self.dynamodb, self.info["table"])
        self.ledger = LedgerStore(self.dynamodb, self.info["table"])
        self._sdk = OpenAI(base_url=self.info["base_url"], api_key="of nobody", max_retries=0, timeout=60)

    def client(self, service: str) -> Any:
        """A client past the proxy, with root's credentials."""
        return aws_of(self.info, service, retries={"total_max_attempts": 1}, proxies={}, max_pool_connections=32)

    def close(self) -> None:
        self._sdk.close()
        for client in (self.dynamodb, self.s3, self._lambda):
            client.close()

    def customer(self, **limits: Any) -> Customer:
        """A customer with a new key; `limits` as in a request body."""
        now_ms = time.time_ns() // 1_000_000
        key = self.directory.api_keys.create(name="a customer", limits=limits_from_api(limits))
        sdk = self._sdk.with_options(api_key=key.value)
        self.customers.append(Customer(self, key.record.id, key.value, sdk, now_ms))
        return self.customers[-1]

    def items(self) -> list[dict[str, Any]]:
        """The whole table."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.info["table"], ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def objects(self, prefix: str = "") -> list[str]:
        """The keys of the bucket's objects."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.info["bucket"], Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def everything_kept(self) -> str:
        """The whole table, and the names and contents of all objects."""
        found: list[Any] = self.items()
        for name in self.objects():
            body = self.s3.get_object(Bucket=self.info["bucket"], Key=name)["Body"].read()
            found.append((name, body.decode("utf-8", "replace")))
        return json.dumps(found, default=repr, ensure_ascii=False)

    def sweep(self) -> None:
        """Run the sweeper now; it also runs on its schedule."""
        names = [f["FunctionName"] for f in self._lambda.list_functions()["Functions"]]
        (sweeper,) = (name for name in names if "Sweeper" in name)
        answer = self._lambda.invoke(FunctionName=sweeper, Payload=json.dumps({}).encode())
        assert "FunctionError" not in answer, answer["Payload"].read()

    def logged(self, message: str, request_id: str) -> list[dict[str, Any]]:
        """The functions' log lines with this message about a request."""
        lines = (line.partition("| ")[2] for line in self._log.read_text("utf-8", "replace").splitlines())
        found = []
        for line in lines:
            if request_id in line and message in line:
                with contextlib.suppress(ValueError):
                    found.append(json.loads(line))
        return found


@dataclass
class Customer:
    """A caller, and all that the gateway stores about their money."""

    stack: FaultyStack
    key_id: str
    key: str
    sdk: OpenAI
    since_ms: int
    answered: list[str] = field(default_factory=list)

    # ------------------------------------------------------------ calls

    def speak(self, text: str = TEXT, **options: Any) -> Any:
        """Speech; the raw answer."""
        asked = {"model": "tts", "voice": "alloy", "response_format": "pcm", "input": text, **options}
        answer = self.sdk.audio.speech.with_raw_response.create(**asked)
        self.answered.append(answer.headers["x-request-id"])
        return answer

    def transcribe(self, file: Any, **options: Any) -> Any:
        """A transcription; the raw answer."""
        asked = {"model": "stt", "file": file, **options}
        answer = self.sdk.audio.transcriptions.with_raw_response.create(**asked)
        request_id = answer.headers["x-request-id"]
        self.answered.append(request_id)
        if "content-length" in answer.headers:  # all of it may be read some milliseconds before it is settled
            self.wait_until(lambda: self._is_settled(request_id), "it was not settled")
        return answer

    def _is_settled(self, request_id: str) -> bool:
        held = any(hold.work.request_id == request_id for hold in self.holds)
        return not held or request_id in self.pending_settlements

    def outcome(self) -> str | Refused:
        """What comes of a call for speech: "answered", "interrupted", or how it was refused."""
        try:
            self.speak()
        except APIStatusError as error:
            return refusal_of(error)
        except APIConnectionError:
            return "interrupted"
        return "answered"

    def interrupted(self) -> None:
        """A call for speech whose answer is not sent to its end, or this fails."""
        with pytest.raises(APIConnectionError):
            self.speak()

    def refused(self, call: Callable[..., Any] | None = None, *arguments: Any, **options: Any) -> Refused:
        """How a call is refused, speech if none is given: in OpenAI's envelope, or this fails."""
        with pytest.raises(APIStatusError) as caught:
            (call or self.speak)(*arguments, **options)
        return refusal_of(caught.value)

    # ------------------------------------------------------------ faults in the writes for this customer

    def fault_in_admission(self, act: Act, **options: Any) -> Rule:
        return self._fault(act, operation="UpdateItem", pk=self.account, containing=ADMIT, **options)

    def fault_in_row(self, act: Act, **options: Any) -> Rule:
        return self._fault(act, operation="PutItem", pk="LEDGER#", containing=self.key_id, **options)

    def fault_in_release(self, act: Act, **options: Any) -> Rule:
        return self._fault(act, operation="UpdateItem", pk=self.account, containing=RELEASE, **options)

    def fault_in_pending_settlements(self, act: Act, *, operation: str = "PUT", **options: Any) -> Rule:
        path = f"/{self.stack.info['bucket']}/{self.pending_prefix}"
        return self._fault(act, operation=operation, path=path, **options)

    def _fault(self, act: Act, **options: Any) -> Rule:
        return self.stack.aws.fault(act, **options)

    # ------------------------------------------------------------ stored data

    @property
    def account(self) -> str:
        return f"ACCOUNT#{self.key_id}"

    @property
    def pending_prefix(self) -> str:
        return f"unsettled/{self.key_id}/"

    @property
    def item(self) -> dict[str, Any]:
        table = self.stack.info["table"]
        found = self.stack.dynamodb.get_item(TableName=table, Key=account_key(self.key_id), ConsistentRead=True)
        return dict(found["Item"])

    @property
    def holds(self) -> list[Hold]:
        return holds_from(self.item)

    @property
    def rows(self) -> list[LedgerRow]:
        """All rows of the key, in order of time."""
        rows = self.stack.ledger.rows(self.since_ms, time.time_ns() // 1_000_000 + 1)
        return [row for row in rows if row.key_id == self.key_id]

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        """Outcome and price of each row."""
        return [(row.outcome, row.price_microusd) for row in self.rows]

    @property
    def committed(self) -> int:
        """What the account says is spent and held, in all months."""
        return sum(int(value["N"]) for name, value in self.item.items() if _MONTH.fullmatch(name))

    @property
    def writes(self) -> list[Call]:
        """The calls that changed, or would have, the account or a ledger row, in order; a call with its last try."""
        return list(
            {
                call.invocation: call
                for call in self.stack.aws.calls
                if (call.operation, call.keys[:1]) == ("UpdateItem", ((self.account, "0"),))
                or (call.operation == "PutItem" and any(call.keys[0][1].endswith(f"#{id_}") for id_ in self.answered))
            }.values()
        )

    @property
    def requests_counted(self) -> int:
        """Of all minutes that the account remembers."""
        return sum(int(value["N"]) for name, value in self.item.items() if re.fullmatch(r"r\d+", name))

    @property
    def pending_settlements(self) -> list[str]:
        """Ids of the requests whose answers went out unsettled."""
        return [name.removeprefix(self.pending_prefix) for name in self.stack.objects(self.pending_prefix)]

    def expire_holds(self) -> None:
        """As if the holds' time had passed."""
        for hold in self.holds:
            with contextlib.suppress(self.stack.dynamodb.exceptions.ConditionalCheckFailedException):  # just swept
                self.stack.dynamodb.update_item(
                    TableName=self.stack.info["table"],
                    Key=account_key(self.key_id),
                    UpdateExpression="SET holds.#hold = :text",
                    ConditionExpression="attribute_exists(holds.#hold)",
                    ExpressionAttributeNames={"#hold": hold.work.request_id},
                    ExpressionAttributeValues={
                        ":text": {"S": hold_text(replace(hold, expires_s=int(time.time()) - 1))}
                    },
                )

    def expire_and_sweep(self) -> None:
        """Expire this customer's holds, run the sweeper, and check that the account matches the ledger."""
        self.expire_holds()
        self.wait_until(self._swept, "no sweep")
        self.assert_account_matches_ledger()

    def _swept(self) -> bool:
        """Run the sweeper. What it cannot read in time is left to the next run."""
        self.stack.sweep()
        return not self.holds

    def assert_account_matches_ledger(self) -> None:
        """The rules that always hold for a customer without a running request."""
        rows, item = self.rows, self.item
        assert holds_from(item) == []
        assert len({row.request_id for row in rows}) == len(rows)
        assert all(row.price_microusd == 0 for row in rows if row.outcome == "abandoned")
        spent: Counter[str] = Counter()
        for row in rows:
            spent[f"m{month_of(row.at_ms)}"] += row.price_microusd
        assert Counter({n: int(v["N"]) for n, v in item.items() if _MONTH.fullmatch(n)}) == spent

    def wait_until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait for something that another process does."""
        give_up_at = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < give_up_at, what
            time.sleep(0.02)


def refusal_of(error: APIStatusError) -> Refused:
    """The refusal, if it is one in OpenAI's envelope and with a request id."""
    body = json.loads(error.response.content)["error"]
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    assert set(body) == {"message", "type", "param", "code"}, body
    assert body["message"], body
    assert headers["x-request-id"]
    return Refused(error.status_code, body["code"], headers)


@contextlib.contextmanager
def timed(at_most_s: float) -> Iterator[None]:
    """Check that the block does not take longer."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < at_most_s
