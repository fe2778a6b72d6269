"""Projects, service accounts and keys in a table, in moto and in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.errors import InvalidRequest, NotFound, PermissionDenied
from audio_gateway.identity.archive import Archive
from audio_gateway.identity.directory import Directory
from audio_gateway.identity.directory_items import DEFAULT_PROJECT
from audio_gateway.identity.key_store import KeyStore
from audio_gateway.identity.keys import KeyRecord, NewKey
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import account_key, usage_from
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import DynamoMeter
from tests.examples import examples
from tests.fakes.dynamodb import FakeDynamoDB
from tests.unit.metering.tables import TABLE

pytestmark = pytest.mark.slow

NOW_S = 1_800_000_000.0


class Clock:
    """A clock that advances a millisecond each time it is read, so ids sort by creation."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        self.now_s += 0.001
        return self.now_s


@pytest.fixture
def dynamodb(either: Any) -> Any:
    return either


@pytest.fixture
def directory(dynamodb: Any) -> Directory:
    return Directory(dynamodb, TABLE, Clock())


@pytest.fixture
def record_of(dynamodb: Any) -> Callable[[NewKey], KeyRecord | None]:
    return lambda key: KeyStore(dynamodb, TABLE).get(key.record.sha256)


def meter(client: Any) -> DynamoMeter:
    return DynamoMeter(client, TABLE, now_ms=lambda: int(NOW_S * 1000))


def admit(client: Any, key: NewKey, request: str = "req_1", price: int = 100) -> Hold:
    work = MeteredRequest(request, "speech", "talker", "characters", 10, price, price)
    return meter(client).admit(Payer(key.record.id, key.record.project_id), work).hold


def admitted(client: Any, key: NewKey, request: str = "req_x") -> bool:
    try:
        admit(client, key, request)
    except PermissionDenied:
        return False
    return True


def account(client: Any, key: NewKey) -> dict[str, Any]:
    item: dict[str, Any] = client.get_item(TableName=TABLE, Key=account_key(key.record.id)).get("Item")
    return item


def expiring(limits: Limits) -> Limits:
    return replace(limits, expires_at=1_900_000_000)


class Crash(Exception):
    """The process ends here."""


class CrashingClient:
    """A client whose process ends just before its n-th write."""

    def __init__(self, client: Any, writes: int) -> None:
        self._client = client
        self._left = writes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in {"put_item", "update_item", "delete_item", "transact_write_items"}:
            return found

        def write(**arguments: Any) -> Any:
            if not self._left:
                raise Crash
            self._left -= 1
            return found(**arguments)

        return write


def crashed(client: Any, writes: int, operation: Callable[[Directory], object]) -> bool:
    """Run an operation with a process that ends after so many writes; whether it ended."""
    try:
        operation(Directory(CrashingClient(client, writes), TABLE, Clock()))  # type: ignore[arg-type] # a client with one fault
    except Crash:
        return True
    return False


# ---------------------------------------------------------------- a new key
def test_a_new_key_can_be_used_immediately_and_is_in_the_directory(
    directory: Directory, dynamodb: Any, record_of: Callable[[NewKey], KeyRecord | None]
) -> None:
    limits = Limits(requests_per_minute=3, expires_at=1_900_000_000)
    key = directory.api_keys.create(name="first", limits=limits)
    record = record_of(key)
    assert record is not None
    assert (record.id, record.status, record.expires_at) == (key.record.id, "active", 1_900_000_000)
    assert admitted(dynamodb, key)
    (listed,) = directory.api_keys.list(DEFAULT_PROJECT)
    assert (listed.entry.id, listed.entry.name, listed.limits, listed.status) == (
        key.record.id,
        "first",
        limits,
        "active",
    )
    assert directory.api_keys.get(key.record.id) == listed
    assert [project.id for project in directory.projects.list()] == [DEFAULT_PROJECT]


def test_ids_sort_by_creation(directory: Directory) -> None:
    made = [directory.api_keys.create(name=str(number)).record.id for number in range(20)]
    assert made == sorted(made)
    assert [key.entry.id for key in directory.api_keys.list(DEFAULT_PROJECT)] == made


def test_a_value_can_be_a_key_only_once(directory: Directory) -> None:
    key = directory.api_keys.create(name="first", value="sk-chosen-by-somebody")
    assert key.value == "sk-chosen-by-somebody"
    for create in (directory.api_keys.create, directory.admin_keys.create):
        with pytest.raises(InvalidRequest, match="already"):
            create("second", value="sk-chosen-by-somebody")
    assert len(list(directory.api_keys.list(DEFAULT_PROJECT))) == 1
    assert not list(directory.admin_keys.list())


def test_a_key_needs_a_project_and_a_service_account_that_exist(directory: Directory) -> None:
    with pytest.raises(NotFound, match="proj_x"):
        directory.api_keys.create(name="n", project_id="proj_x")
    directory.api_keys.create(name="n")
    with pytest.raises(NotFound, match="svc_x"):
        directory.api_keys.create(name="n", service_account_id="svc_x")


def test_no_item_holds_a_key(directory: Directory, dynamodb: Any) -> None:
    keys = [directory.api_keys.create(name="a"), directory.admin_keys.create(name="b")]
    _, key = directory.service_accounts.create(DEFAULT_PROJECT, "program")
    assert key is not None
    everything = repr(dynamodb.scan(TableName=TABLE)["Items"])
    assert not [made for made in [*keys, key] if made.value in everything]


# ---------------------------------------------------------------- changes
def test_changed_limits_lose_no_hold_and_no_counter(directory: Directory, dynamodb: Any) -> None:
    key = directory.api_keys.create(name="n")
    hold = admit(dynamodb, key)
    before = account(dynamodb, key)
    changed = directory.api_keys.edit_limits(key.record.id, lambda _: Limits(monthly_budget_microusd=150))
    after = account(dynamodb, key)
    assert changed.limits == Limits(monthly_budget_microusd=150)
    assert {name for name in before if before[name] != after[name]} == {"version", "limits"}
    assert int(after["version"]["N"]) == int(before["version"]["N"]) + 1
    meter(dynamodb).settle(hold, hold.work)
    used = usage_from(account(dynamodb, key), int(NOW_S * 1000))
    assert (used.committed_microusd, used.open_holds, used.requests) == (100, 0, 1)


def test_the_expiry_is_one_thing_in_limits_and_record(
    directory: Directory, record_of: Callable[[NewKey], KeyRecord | None]
) -> None:
    key = directory.api_keys.create(name="n", limits=Limits(requests_per_minute=5))

    def expiry() -> int | None:
        record = record_of(key)
        assert record is not None
        return record.expires_at

    assert directory.api_keys.edit_limits(key.record.id, expiring).limits == Limits(
        requests_per_minute=5, expires_at=1_900_000_000
    )
    assert expiry() == 1_900_000_000
    directory.api_keys.edit_limits(key.record.id, lambda _: Limits(expires_at=1_900_000_001))
    assert expiry() == 1_900_000_001
    directory.api_keys.edit_limits(key.record.id, lambda _: Limits(requests_per_minute=1))
    assert expiry() is None


def test_a_disabled_key_is_refused_everywhere_until_it_is_enabled(
    directory: Directory, dynamodb: Any, record_of: Callable[[NewKey], KeyRecord | None]
) -> None:
    key = directory.api_keys.create(name="n", limits=Limits(expires_at=1_900_000_000))
    for _ in range(2):
        assert directory.api_keys.disable(key.record.id).status == "disabled"
    record = record_of(key)
    assert record is not None
    assert (record.status, record.expires_at) == ("disabled", 1_900_000_000)
    assert not admitted(dynamodb, key)
    for _ in range(2):
        assert directory.api_keys.enable(key.record.id).status == "active"
    record = record_of(key)
    assert record is not None
    assert (record.status, record.expires_at) == ("active", 1_900_000_000)
    assert admitted(dynamodb, key)


def test_a_late_change_of_the_record_does_not_undo_a_later_one(
    directory: Directory, dynamodb: Any, record_of: Callable[[NewKey], KeyRecord | None]
) -> None:
    """Two operators: the first one's second write comes after both of the other's."""
    key = directory.api_keys.create(name="n")

    class Slow(CrashingClient):
        def __getattr__(self, name: str) -> Any:
            found = getattr(dynamodb, name)
            if name != "update_item":
                return found

            def update(**arguments: Any) -> Any:
                if arguments["Key"]["pk"]["S"].startswith("KEY#"):
                    directory.api_keys.enable(key.record.id)
                return found(**arguments)

            return update

    Directory(Slow(dynamodb, 0), TABLE).api_keys.disable(key.record.id)  # type: ignore[arg-type] # a client with one fault
    record = record_of(key)
    assert record is not None
    assert (record.status, directory.api_keys.get(key.record.id).status) == ("active", "active")


def test_an_expiry_moved_while_the_limits_change_keeps_the_new_limits(directory: Directory, dynamodb: Any) -> None:
    key = directory.api_keys.create(name="n", limits=Limits(requests_per_minute=1))
    raced: list[Any] = []

    class Raced(CrashingClient):
        def __getattr__(self, name: str) -> Any:
            if name == "update_item" and not raced:
                raced.append(directory.api_keys.edit_limits(key.record.id, lambda _: Limits(requests_per_minute=2)))
            return getattr(dynamodb, name)

    Directory(Raced(dynamodb, 0), TABLE).api_keys.edit_limits(key.record.id, expiring)  # type: ignore[arg-type] # a client with one fault
    assert directory.api_keys.get(key.record.id).limits == Limits(requests_per_minute=2, expires_at=1_900_000_000)


# ---------------------------------------------------------------- the end of a key
def test_a_deleted_key_is_gone_but_its_open_hold_can_be_settled(
    directory: Directory, dynamodb: Any, record_of: Callable[[NewKey], KeyRecord | None]
) -> None:
    key = directory.api_keys.create(name="n")
    hold = admit(dynamodb, key)
    for _ in range(2):
        directory.api_keys.delete(key.record.id)
    assert record_of(key) is None
    assert not admitted(dynamodb, key)
    assert not list(directory.api_keys.list(DEFAULT_PROJECT))
    with pytest.raises(NotFound):
        directory.api_keys.get(key.record.id)
    with pytest.raises(NotFound):
        directory.api_keys.enable(key.record.id)
    assert list(directory.api_keys.all_ids()) == [key.record.id]
    assert not directory.api_keys.forget_deleted(key.record.id)
    meter(dynamodb).settle(hold, hold.work)
    assert usage_from(account(dynamodb, key), int(NOW_S * 1000)).committed_microusd == 100
    for _ in range(2):
        assert directory.api_keys.forget_deleted(key.record.id)
    assert not list(directory.api_keys.all_ids())
    assert account(dynamodb, key) is None


def test_a_living_key_is_not_forgotten(directory: Directory) -> None:
    key = directory.api_keys.create(name="n")
    assert not directory.api_keys.forget_deleted(key.record.id)
    assert list(directory.api_keys.all_ids()) == [key.record.id]


def test_an_unknown_key_cannot_be_changed_or_deleted(directory: Directory) -> None:
    keys = directory.api_keys
    for operation in (keys.get, keys.disable, keys.enable, keys.delete):
        with pytest.raises(NotFound, match="key_unknown"):
            operation("key_unknown")


def test_a_key_of_another_project_is_not_found(directory: Directory) -> None:
    key = directory.api_keys.create(name="n")
    other = directory.projects.create("other")
    assert directory.api_keys.get(key.record.id, project_id=DEFAULT_PROJECT).entry.id == key.record.id
    with pytest.raises(NotFound):
        directory.api_keys.get(key.record.id, project_id=other.id)


@pytest.mark.parametrize("writes", range(4))
def test_a_crash_while_deleting_refuses_immediately_and_a_repeated_call_finishes(
    directory: Directory, dynamodb: Any, record_of: Callable[[NewKey], KeyRecord | None], writes: int
) -> None:
    key = directory.api_keys.create(name="n")
    assert crashed(dynamodb, writes, lambda broken: broken.api_keys.delete(key.record.id)) is (writes < 3)
    assert admitted(dynamodb, key) is (writes == 0)
    directory.api_keys.delete(key.record.id)
    assert record_of(key) is None
    assert not list(directory.api_keys.list(DEFAULT_PROJECT))


@pytest.mark.parametrize("writes", range(3))
def test_a_crash_while_disabling_refuses_immediately_and_a_repeated_call_finishes(
    directory: Directory, dynamodb: Any, record_of: Callable[[NewKey], KeyRecord | None], writes: int
) -> None:
    key = directory.api_keys.create(name="n")
    assert crashed(dynamodb, writes, lambda broken: broken.api_keys.disable(key.record.id)) is (writes < 2)
    assert admitted(dynamodb, key) is (writes == 0)
    directory.api_keys.disable(key.record.id)
    record = record_of(key)
    assert record is not None
    assert record.status == "disabled"


# ---------------------------------------------------------------- projects
def test_a_project_is_created_renamed_and_found(directory: Directory) -> None:
    project = directory.projects.create("one")
    assert directory.projects.get(project.id) == project
    assert directory.projects.rename(project.id, "two").name == "two"
    assert [found.name for found in directory.projects.list()] == ["two"]
    for operation in (directory.projects.get, directory.archive_project):
        with pytest.raises(NotFound):
            operation("proj_unknown")
    with pytest.raises(NotFound):
        directory.projects.rename("proj_unknown", "name")


@pytest.mark.parametrize("writes", range(7))
def test_an_archived_project_gets_no_keys_and_its_keys_are_refused_permanently(
    directory: Directory, dynamodb: Any, record_of: Callable[[NewKey], KeyRecord | None], writes: int
) -> None:
    project = directory.projects.create("one")
    keys = [directory.api_keys.create(name="n", project_id=project.id) for _ in range(2)]
    crashed(dynamodb, writes, lambda broken: broken.archive_project(project.id))
    archived = directory.archive_project(project.id)
    assert archived.archived_at is not None
    assert directory.archive_project(project.id).archived_at == archived.archived_at
    archive = Archive(dynamodb, TABLE)
    assert [archive.has(project.id), archive.has(DEFAULT_PROJECT), archive.has("proj_none")] == [True, False, False]
    (unfinished,) = archive.unfinished()
    assert unfinished.id == project.id
    archive.finish(unfinished)
    assert list(archive.unfinished()) == []
    for key in keys:
        record = record_of(key)
        assert record is not None
        assert record.status == "disabled"
        assert not admitted(dynamodb, key)
        with pytest.raises(InvalidRequest, match="archived"):
            directory.api_keys.enable(key.record.id)
    for refused in (
        lambda: directory.api_keys.create(name="n", project_id=project.id),
        lambda: directory.service_accounts.create(project.id, "n"),
        lambda: directory.projects.rename(project.id, "n"),
    ):
        with pytest.raises(InvalidRequest, match="archived"):
            refused()
    assert len(list(directory.api_keys.list(project.id))) == 2


def test_the_default_project_cannot_be_archived(directory: Directory, dynamodb: Any) -> None:
    key = directory.api_keys.create(name="n")
    with pytest.raises(InvalidRequest, match="default"):
        directory.archive_project(DEFAULT_PROJECT)
    assert admitted(dynamodb, key)


# ---------------------------------------------------------------- service accounts
def test_a_service_account_comes_with_a_key_and_takes_all_of_its_keys_with_it(
    directory: Directory, dynamodb: Any
) -> None:
    project = directory.projects.create("one")
    account, key = directory.service_accounts.create(project.id, "program", limits=Limits(requests_per_minute=2))
    assert key is not None
    second = directory.api_keys.create(name="b", project_id=project.id, service_account_id=account.id)
    other = directory.api_keys.create(name="c", project_id=project.id)
    owners = {found.entry.name: found.owner for found in directory.api_keys.list(project.id)}
    assert owners == {"program": account, "b": account, "c": None}
    assert directory.api_keys.get(key.record.id).limits == Limits(requests_per_minute=2)
    directory.service_accounts.delete(project.id, account.id)
    assert [found.entry.id for found in directory.api_keys.list(project.id)] == [other.record.id]
    assert [admitted(dynamodb, each) for each in (key, second, other)] == [False, False, True]
    with pytest.raises(NotFound):
        directory.service_accounts.get(project.id, account.id)
    with pytest.raises(NotFound):
        directory.service_accounts.delete(project.id, account.id)


def test_a_service_account_may_have_no_key_yet(directory: Directory) -> None:
    project = directory.projects.create("one")
    account, key = directory.service_accounts.create(project.id, "program", with_key=False)
    assert key is None
    assert list(directory.service_accounts.list(project.id)) == [account]
    assert not list(directory.api_keys.list(project.id))


@pytest.mark.parametrize("writes", range(6))
def test_a_service_account_half_deleted_gets_no_keys_and_a_repeated_call_finishes(
    directory: Directory, dynamodb: Any, writes: int
) -> None:
    project = directory.projects.create("one")
    account, key = directory.service_accounts.create(project.id, "program")
    assert key is not None
    broken = crashed(dynamodb, writes, lambda broken: broken.service_accounts.delete(project.id, account.id))
    assert broken is (writes < 5)
    if writes:
        with pytest.raises(NotFound):
            directory.service_accounts.get(project.id, account.id)
        with pytest.raises(NotFound):
            directory.api_keys.create(name="n", project_id=project.id, service_account_id=account.id)
        assert not list(directory.service_accounts.list(project.id))
    if broken:
        directory.service_accounts.delete(project.id, account.id)
    assert not admitted(dynamodb, key)
    assert not list(directory.api_keys.list(project.id))


# ---------------------------------------------------------------- admin keys
def test_an_admin_key_has_an_expiry_and_no_account(
    directory: Directory, dynamodb: Any, record_of: Callable[[NewKey], KeyRecord | None]
) -> None:
    key = directory.admin_keys.create(name="n", expires_at=1_900_000_000)
    record = record_of(key)
    assert record is not None
    assert (record.kind, record.expires_at) == ("admin", 1_900_000_000)
    assert directory.admin_keys.get(key.record.id).expires_at == 1_900_000_000
    assert account(dynamodb, key) is None
    assert not list(directory.api_keys.all_ids())


def test_the_last_admin_key_that_can_be_used_stays(
    directory: Directory, record_of: Callable[[NewKey], KeyRecord | None]
) -> None:
    first = directory.admin_keys.create(name="first")
    expired = directory.admin_keys.create(name="expired", expires_at=int(NOW_S) - 1)
    with pytest.raises(InvalidRequest, match="last admin key"):
        directory.admin_keys.delete(first.record.id)
    second = directory.admin_keys.create(name="second", expires_at=int(NOW_S) + 60)
    directory.admin_keys.delete(first.record.id)
    assert record_of(first) is None
    directory.admin_keys.delete(expired.record.id)
    with pytest.raises(InvalidRequest, match="last admin key"):
        directory.admin_keys.delete(second.record.id)
    assert [key.id for key in directory.admin_keys.list()] == [second.record.id]
    with pytest.raises(NotFound):
        directory.admin_keys.delete(first.record.id)


def test_two_admin_keys_deleted_at_the_same_time_leave_one(directory: Directory, dynamodb: Any) -> None:
    first, second = (directory.admin_keys.create(name=name) for name in ("first", "second"))
    raced: list[Any] = []

    class Raced(CrashingClient):
        def __getattr__(self, name: str) -> Any:
            if name == "transact_write_items" and not raced:
                raced.append(second)
                directory.admin_keys.delete(second.record.id)
            return getattr(dynamodb, name)

    with pytest.raises(InvalidRequest, match="last admin key"):
        Directory(Raced(dynamodb, 0), TABLE, Clock()).admin_keys.delete(first.record.id)  # type: ignore[arg-type] # a client with one fault
    assert [key.id for key in directory.admin_keys.list()] == [first.record.id]


# ---------------------------------------------------------------- laws
@examples(15)
@given(count=st.integers(0, 9), deleted=st.sets(st.integers(0, 8)), size=st.integers(1, 4))
def test_the_list_behind_any_id_is_the_rest_of_the_whole_list(count: int, deleted: set[int], size: int) -> None:
    with mock.patch("audio_gateway.aws.table.PAGE_ITEMS", size):
        directory = Directory(cast("Any", FakeDynamoDB()), TABLE, Clock())
        ids = [directory.api_keys.create(name="n").record.id for _ in range(count)]
        for number in deleted & set(range(count)):
            directory.api_keys.delete(ids[number])
        left = [key_id for number, key_id in enumerate(ids) if number not in deleted]
        assert list(directory.api_keys.all_ids()) == ids
        assert [key.entry.id for key in directory.api_keys.list(DEFAULT_PROJECT)] == left
        for after in ids:
            rest = [key.entry.id for key in directory.api_keys.list(DEFAULT_PROJECT, after)]
            assert rest == [key_id for key_id in left if key_id > after]


def test_admin_keys_are_listed_from_either_end(directory: Directory) -> None:
    ids = [directory.admin_keys.create(name="n").record.id for _ in range(5)]
    assert [key.id for key in directory.admin_keys.list()] == ids
    assert [key.id for key in directory.admin_keys.list(ids[3], newest_first=True)] == ids[2::-1]
