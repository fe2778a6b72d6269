"""The table's calls, on moto and on the fake of the property tests; and the mapping of errors."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from audio_gateway.aws import table as table_module
from audio_gateway.aws.table import Table, TransactionRefused, TransactionWrite
from audio_gateway.aws.update import Condition, Update
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import Account, account_key, new_account_item
from audio_gateway.metering.account_updates import Release, admission_update, release_update
from audio_gateway.metering.limits import Limits
from tests.unit.metering.tables import TABLE


def absent_or_earlier(stamp: int) -> Condition:
    return Condition("attribute_not_exists(pk) OR stamp <= :stamp", stamp=stamp)


@pytest.fixture
def client(either: Any) -> Any:
    return either


@pytest.fixture
def table(client: Any) -> Table:
    return Table(client, TABLE)


def key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def item(pk: str, sk: str, stamp: int = 1) -> dict[str, Any]:
    return key(pk, sk) | {"stamp": {"N": str(stamp)}}


def test_an_item_is_written_once_and_later_writers_get_it(table: Table) -> None:
    assert table.get(key("a", "1")) is None
    assert table.put_if_absent(item("a", "1", 1)) == (True, item("a", "1", 1))
    assert table.put_if_absent(item("a", "1", 2)) == (False, item("a", "1", 1))
    assert table.get(key("a", "1")) == item("a", "1", 1)


def test_a_write_replaces_nothing_later(table: Table) -> None:
    def put(stamp: int) -> bool:
        return table.put_if(item("a", "1", stamp), absent_or_earlier(stamp)).written

    assert [put(2), put(1), put(2), put(3)] == [True, False, True, True]
    assert table.get(key("a", "1")) == item("a", "1", 3)


def test_a_delete_removes_nothing_later_and_may_be_repeated(table: Table) -> None:
    def delete(stamp: int) -> bool:
        return table.delete_if(key("a", "1"), absent_or_earlier(stamp))

    table.put_if_absent(item("a", "1", 2))
    assert [delete(1), delete(2), delete(1)] == [False, True, True]
    assert table.get(key("a", "1")) is None


def test_an_update_counts_and_sets_and_heeds_its_condition(table: Table) -> None:
    count = Update(key("a", "1")).add("#run", 1)
    assert [table.update(count)["run"] for _ in range(2)] == [{"N": "1"}, {"N": "2"}]

    def move(run: int) -> bool:
        update = Update(key("a", "1")).require("#run = :run", run=run).set("frontier", 7)
        return table.update_if(update) is not None

    assert [move(1), move(2)] == [False, True]
    assert table.get(key("a", "1")) == key("a", "1") | {"run": {"N": "2"}, "frontier": {"N": "7"}}


def test_a_query_answers_a_partition_or_a_part_of_it_in_order_over_all_pages(table: Table) -> None:
    for number in (5, 3, 8, 1, 9, 2, 7):
        table.put_if_absent(item("a", f"{number}#x"))
        table.put_if_absent(item("b", f"{number}#x"))

    def places(between: tuple[str, str] | None = None) -> str:
        return "".join(found["sk"]["S"][0] for found in table.query("a", between))

    assert places() == "1235789"
    assert places(("2", "8")) == "2357"  # as every time that is the end of a stretch: without what follows it
    assert places(("2", "8$")) == "23578"
    assert places(("4", "4$")) == ""


def test_a_batch_returns_all_existing_items_over_any_number_of_calls(table: Table) -> None:
    for number in range(0, 250, 2):
        table.put_if_absent(item("a", str(number)))
    found = table.get_many(key("a", str(number)) for number in range(250))
    assert sorted(int(each["sk"]["S"]) for each in found) == list(range(0, 250, 2))


def test_an_expression_too_long_and_an_item_too_large_are_refused_as_dynamodb_does(client: Any) -> None:
    def update(expression: str, text: str = "x") -> None:
        values = {":x": {"S": text}}
        client.update_item(
            TableName=TABLE, Key=key("a", "1"), UpdateExpression=expression, ExpressionAttributeValues=values
        )

    name = "n" * 200
    clauses = [f"{name}{number} = :x" for number in range(100)]
    update("SET " + ", ".join(clauses[:18]))
    for too_much in (("SET " + ", ".join(clauses), "x"), ("SET b = :x", "x" * 410_000)):
        with pytest.raises(ClientError, match="maximum allowed size"):
            update(*too_much)


def test_an_account_is_changed_as_the_meter_asks_for_it(client: Any) -> None:
    """All of the expressions that admissions and releases are made of."""
    limits = Limits(requests_per_minute=3, concurrent_requests=2, monthly_budget_microusd=250)
    account = Account("active", 1, limits)
    client.put_item(TableName=TABLE, Item=new_account_item("key_1", limits))

    def hold(number: int, price: int = 100, at_ms: int = 1_795_255_200_000) -> Hold:
        work = MeteredRequest(f"r{number}", "speech", "talker", "characters", 10, price, 50)
        return Hold(Payer("key_1", "default"), work, at_ms, at_ms // 1000 + 960)

    def update(change: Update) -> dict[str, Any] | None:
        try:
            answer = client.update_item(
                TableName=TABLE,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **change.arguments(),
            )
        except ClientError as error:
            answer, changed = error.response["Item"], None  # type: ignore[typeddict-item] # botocore's types know no ALL_OLD
        else:
            answer = changed = answer["Attributes"]
        assert answer == client.get_item(TableName=TABLE, Key=account_key("key_1"))["Item"]
        return changed

    assert update(admission_update(hold(1), Account("active", 2, limits))) is None
    assert update(admission_update(hold(1), account)) is not None
    assert update(admission_update(hold(1), account)) is None
    assert update(admission_update(hold(2), account)) is not None
    assert update(admission_update(hold(3, price=0), account)) is None  # too many are open
    now_ms = hold(2).admitted_ms
    late = update(release_update([Release(hold(2), 70, guarded=True)], now_ms))
    assert late is not None
    assert (late["m202611"], "late_r2" in late, list(late["holds"]["M"])) == ({"N": "170"}, True, ["r1"])
    assert update(release_update([Release(hold(2), 70)], now_ms)) is None
    assert update(admission_update(hold(2), account)) is None  # it arrives again
    assert update(admission_update(hold(3, price=81), account)) is None  # over the budget
    assert update(admission_update(hold(3, price=80), account)) is not None
    assert update(release_update([Release(hold(3, price=80), 0)], now_ms, ("late_r2",))) is not None
    assert update(admission_update(hold(4, price=0), account)) is None  # the fourth of this minute
    last = update(admission_update(hold(5, price=0, at_ms=1_795_255_320_000), account))
    assert last is not None
    assert sorted(last) == sorted(
        ["pk", "sk", "status", "version", "limits", "holds", "listed_in", "m202611", "r29920922", "c29920922"]
    )


def test_an_update_sets_to_what_was_there_before_it(table: Table, client: Any) -> None:
    def update(expression: str, condition: str = "attribute_exists(pk)", **values: int) -> bool:
        wanted = {"UpdateExpression": expression, **Condition(condition, **values).arguments()}
        try:
            client.update_item(TableName=TABLE, Key=key("a", "1"), **wanted)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    table.put_if_absent(item("a", "1", 1))
    assert update("SET older = stamp, stamp = stamp + :more", more=4)
    assert update("SET older = if_not_exists(older, :n), newer = if_not_exists(newer, :n)", n=9)
    assert not update("SET older = :n", "attribute_not_exists(pk) OR (attribute_exists(older) AND stamp < :n)", n=5)
    assert update("SET older = :n", "attribute_not_exists(pk) OR (attribute_exists(older) AND stamp < :n)", n=6)
    assert not update("SET older = :n", "attribute_not_exists(pk) AND :n = :n", n=7)
    assert {name: value["N"] for name, value in (table.get(key("a", "1")) or {}).items() if "N" in value} == {
        "stamp": "5", "older": "6", "newer": "9",
    }  # fmt: skip


def test_a_transaction_is_all_or_nothing(table: Table) -> None:
    put, exists = TransactionWrite.put_if_absent, Condition("attribute_exists(pk)")
    table.transact(put(item("a", "1")), put(item("a", "2")))
    absent = TransactionWrite.check(key("a", "1"), Condition("attribute_not_exists(pk)"))
    with pytest.raises(TransactionRefused) as refused:
        table.transact(put(item("a", "3")), absent)
    assert refused.value.at == {1}
    table.transact(
        TransactionWrite.delete(key("a", "1")),
        TransactionWrite.check(key("a", "2"), exists),
        TransactionWrite.update_if(Update(key("a", "4")).set("stamp", 7)),
    )
    assert list(table.query("a")) == [item("a", "2"), item("a", "4", 7)]


def test_pages_go_on_behind_a_key_in_either_direction(table: Table) -> None:
    for number in range(9):
        table.put_if_absent(item("a", str(number)))

    def places(after: str | None, *, newest_first: bool) -> str:
        pages = table.pages("a", after=after, newest_first=newest_first)
        return "".join(found["sk"]["S"] for page in pages for found in page)

    assert (places(None, newest_first=False), places(None, newest_first=True)) == ("012345678", "876543210")
    assert (places("45", newest_first=False), places("5", newest_first=True)) == ("5678", "43210")


class Unwilling:
    """A client whose table serves nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - DynamoDB's name
        self.asked += 1
        return {"Responses": {}, "UnprocessedKeys": RequestItems}


def test_a_table_that_serves_nothing_is_asked_a_few_times_with_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(table_module.time, "sleep", pauses.append)  # type: ignore[attr-defined] # this module's own clock
    client = Unwilling()
    with pytest.raises(MeteringUnavailable):
        list(Table(client, TABLE).get_many([key("a", "1")]))  # type: ignore[arg-type] # it stands in for the client
    assert client.asked == len(pauses) + 1
    assert sum(pauses) < 10


ERRORS = [
    ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "a call"),
    ClientError({"Error": {"Code": "AccessDeniedException"}}, "a call"),
    ReadTimeoutError(endpoint_url="https://dynamodb"),
]


class Failing:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise self._error

        return call


@pytest.mark.parametrize("error", ERRORS, ids=["throttled", "forbidden", "timed out"])
def test_every_failure_of_a_call_is_the_error_of_the_table(error: Exception) -> None:
    update = Update(key("a", "1")).add("count", 1)
    table = Table(Failing(error), TABLE)  # type: ignore[arg-type] # it stands in for the client
    for call in (
        lambda: table.get(key("a", "1")),
        lambda: list(table.get_many([key("a", "1")])),
        lambda: list(table.query("a")),
        lambda: next(table.pages("a")),
        lambda: list(table.query_index("open_holds", "listed_in", "a")),
        lambda: table.put_if_absent(item("a", "1")),
        lambda: table.put_if(item("a", "1"), absent_or_earlier(1)),
        lambda: table.update(update),
        lambda: table.update_if(update),
        lambda: table.delete(key("a", "1")),
        lambda: table.delete_if(key("a", "1"), absent_or_earlier(1)),
        lambda: table.transact(TransactionWrite.delete(key("a", "1"))),
    ):
        with pytest.raises(MeteringUnavailable) as caught:
            call()
        assert caught.value.__cause__ is error
        assert caught.value.message == "The service is temporarily unavailable. Try again."


class Cancelled(ClientError):
    """A transaction that DynamoDB cancelled, with a reason for each of its writes."""

    def __init__(self, *codes: str) -> None:
        reasons = [{"Code": code} for code in codes]
        answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
        super().__init__(answer, "TransactWriteItems")


class Client:
    """Answers each call with the next of the given answers, or raises it; repeats the last one."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def transact_write_items(self, **arguments: Any) -> Any:
        self.calls.append(arguments)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module.time, "sleep", lambda _: None)  # type: ignore[attr-defined] # this module's own clock


def transact(client: Client, writes: int = 1) -> None:
    table = Table(client, TABLE)  # type: ignore[arg-type] # it stands in for the client
    table.transact(*[TransactionWrite.put_if_absent(item("a", "1"))] * writes)


@pytest.mark.usefixtures("no_pauses")
def test_a_transaction_waits_for_others_to_get_out_of_the_way() -> None:
    client = Client(Cancelled("None", "TransactionConflict"), Cancelled("TransactionConflict"), {})
    transact(client)
    assert len(client.calls) == 3


@pytest.mark.usefixtures("no_pauses")
def test_a_transaction_waits_a_limited_time() -> None:
    with pytest.raises(MeteringUnavailable):
        transact(Client(Cancelled("TransactionConflict")))


def test_a_transaction_says_which_conditions_did_not_hold_even_if_others_were_in_the_way() -> None:
    with pytest.raises(TransactionRefused) as refused:
        transact(Client(Cancelled("None", "ConditionalCheckFailed", "TransactionConflict")), writes=3)
    assert refused.value.at == {1}


def test_a_transaction_that_fails_otherwise_is_not_tried_again() -> None:
    client = Client(Cancelled("ValidationError"))
    with pytest.raises(MeteringUnavailable):
        transact(client)
    assert len(client.calls) == 1
