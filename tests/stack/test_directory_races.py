"""Operators who change the directory at the same moment, on a separate table of the local DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from audio_gateway.errors import GatewayError, InvalidRequest, NotFound
from audio_gateway.identity.directory import Directory
from tests.stack.sdk.stack_keys import dynamodb_of
from tests.unit.metering.tables import create_table

pytestmark = pytest.mark.stack

ROUNDS = 5


@pytest.fixture(scope="module")
def directory(stack: dict[str, Any]) -> Iterator[Directory]:
    with dynamodb_of(stack) as dynamodb:
        create_table(dynamodb, "races")
        yield Directory(dynamodb, "races")


def at_once(*operations: Callable[[], object]) -> list[object]:
    """The results of operations that begin together; of a refused one, its error."""
    barrier = Barrier(len(operations))

    def run(operation: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return operation()
        except GatewayError as error:
            return error

    with ThreadPoolExecutor(len(operations)) as pool:
        return list(pool.map(run, operations))


def test_one_admin_key_stays_when_all_are_deleted_at_the_same_time(directory: Directory) -> None:
    for _ in range(ROUNDS):
        keys = [directory.create_key("admin", name="n").record.id for _ in range(3)]
        keys += [key.id for key in directory.admin_keys() if key.id not in keys]
        results = at_once(*(lambda key=key: directory.delete_admin_key(key) for key in keys))
        refused = [error for error in results if error is not None]
        assert len(refused) == len(list(directory.admin_keys())) >= 1
        assert all(isinstance(error, InvalidRequest) for error in refused)


def test_an_archived_project_has_no_key_that_was_created_meanwhile(directory: Directory) -> None:
    for _ in range(ROUNDS):
        project = directory.create_project("n").id
        at_once(*[creating(directory, project)] * 3, partial(directory.archive_project, project))
        assert {key.status for key in directory.keys(project)} <= {"archived"}


def test_a_deleted_service_account_leaves_no_key_that_was_created_meanwhile(directory: Directory) -> None:
    project = directory.create_project("n").id
    for _ in range(ROUNDS):
        account, _ = directory.create_service_account(project, "n")
        delete = lambda owner=account.id: directory.delete_service_account(project, owner)  # noqa: E731
        at_once(*[creating(directory, project, account.id)] * 3, delete, delete)
        assert not list(directory.keys(project))
        with pytest.raises(NotFound):
            directory.service_account(project, account.id)


def creating(directory: Directory, project: str, owner: str | None = None) -> Callable[[], None]:
    """Creates keys until that is refused, and long enough to be overtaken."""

    def create() -> None:
        for _ in range(12):
            directory.create_key("api", name="n", project_id=project, service_account_id=owner)

    return create


def test_record_and_account_agree_after_all_changes(directory: Directory, stack: dict[str, Any]) -> None:
    key = directory.create_key("api", name="n")
    changes = [lambda: directory.disable(key.record.id), lambda: directory.enable(key.record.id)] * 4
    for _ in range(ROUNDS):
        at_once(*changes)
        with dynamodb_of(stack) as dynamodb:
            pk = {"pk": {"S": f"KEY#{key.record.sha256}"}, "sk": {"S": "KEY"}}
            record = dynamodb.get_item(TableName="races", Key=pk, ConsistentRead=True)["Item"]
        assert record["key_status"]["S"] == directory.key(key.record.id).status
