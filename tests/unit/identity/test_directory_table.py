"""The directory's calls of DynamoDB where DynamoDB does not do as it is told: what no emulator shows."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from audio_gateway.errors import MeteringUnavailable
from audio_gateway.identity import directory_table
from audio_gateway.identity.directory_table import DirectoryTable, Refused, put_new

KEY = {"pk": {"S": "PROJECTS"}, "sk": {"S": "default"}}
WRITE = put_new(KEY)


class Cancelled(ClientError):
    """As botocore makes it."""

    def __init__(self, *codes: str) -> None:
        reasons = [{"Code": code} for code in codes]
        answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
        super().__init__(answer, "TransactWriteItems")


class ConditionFailed(ClientError):
    """Likewise."""


class Client:
    """Answers each call with the next of the given answers, or raises it; the last one for ever."""

    class exceptions:  # noqa: N801 - as botocore calls it
        TransactionCanceledException = Cancelled
        ConditionalCheckFailedException = ConditionFailed

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append(arguments)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_table.time, "sleep", lambda _: None)  # type: ignore[attr-defined] # this module's own clock


def table(client: Any) -> DirectoryTable:
    return DirectoryTable(client, "gateway")


def test_a_transaction_waits_for_others_to_get_out_of_the_way() -> None:
    client = Client(Cancelled("None", "TransactionConflict"), Cancelled("TransactionConflict"), {})
    table(client).transact(WRITE)
    assert len(client.calls) == 3


def test_a_transaction_does_not_wait_for_ever() -> None:
    with pytest.raises(MeteringUnavailable):
        table(Client(Cancelled("TransactionConflict"))).transact(WRITE)


def test_a_transaction_tells_which_conditions_did_not_hold_even_if_others_were_in_the_way() -> None:
    with pytest.raises(Refused) as refused:
        table(Client(Cancelled("None", "ConditionalCheckFailed", "TransactionConflict"))).transact(WRITE, WRITE, WRITE)
    assert refused.value.at == {1}


def test_a_transaction_that_fails_otherwise_is_not_tried_again() -> None:
    client = Client(Cancelled("ValidationError"))
    with pytest.raises(MeteringUnavailable):
        table(client).transact(WRITE)
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "X"),
    ],
    ids=["unreachable", "throttled"],
)
def test_every_call_that_cannot_be_made_is_one_error(error: Exception) -> None:
    broken = table(Client(error))
    for call in (
        lambda: next(broken.chunks("PROJECTS")),
        lambda: broken.changed({"Key": KEY}),
        lambda: broken.remove(KEY),
        lambda: broken.transact(WRITE),
    ):
        with pytest.raises(MeteringUnavailable):
            call()
