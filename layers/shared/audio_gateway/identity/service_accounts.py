"""Service accounts: the programs of a tenant. Each owns keys of its project."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from audio_gateway.aws.table import Table, TransactionRefused, TransactionWrite
from audio_gateway.aws.update import Update, item_key
from audio_gateway.identity.api_keys import NO_LIMITS, ApiKeys, writes_of_new_key
from audio_gateway.identity.directory_items import (
    ServiceAccount,
    service_account_from,
    service_account_item,
    service_accounts_of,
)
from audio_gateway.identity.errors import key_value_in_use, service_account_not_found
from audio_gateway.identity.keys import NewKey, new_id, new_key
from audio_gateway.identity.projects import Projects
from audio_gateway.metering.limits import Limits

_NOT_DELETED: Final = "attribute_exists(pk) AND attribute_not_exists(deleted_at)"


class ServiceAccounts:
    """The service accounts in the gateway's table. `now_s` is the clock, in Unix seconds."""

    def __init__(self, table: Table, projects: Projects, api_keys: ApiKeys, now_s: Callable[[], float]) -> None:
        self._table = table
        self._projects = projects
        self._api_keys = api_keys
        self._now_s = now_s

    def create(
        self, project_id: str, name: str, *, limits: Limits = NO_LIMITS, with_key: bool = True
    ) -> tuple[ServiceAccount, NewKey | None]:
        """A new service account, with its first key unless `with_key` is False.

        Raises:
            NotFound: there is no such project.
            InvalidRequest: the project is archived.
        """
        now_s = self._now_s()
        account = ServiceAccount(new_id("svc_acct_", now_s), project_id, name, int(now_s))
        key = new_key("api", name=name, now_s=now_s, project_id=project_id, expires_at=limits.expires_at)
        writes = [TransactionWrite.put_if_absent(service_account_item(account))]
        if with_key:
            writes += writes_of_new_key(key, limits, account.id)
        try:
            self._projects.write_in(project_id, *writes)
        except TransactionRefused as refused:
            raise key_value_in_use() from refused
        return account, key if with_key else None

    def get(self, project_id: str, account_id: str) -> ServiceAccount:
        """The service account; raises `NotFound`."""
        item = self._table.get(item_key(service_accounts_of(project_id), account_id))
        if item is None or "deleted_at" in item:
            raise service_account_not_found(account_id)
        return service_account_from(item)

    def list(self, project_id: str, after: str | None = None) -> Iterator[ServiceAccount]:
        """The service accounts of a project in order of their ids, behind `after`."""
        for page in self._table.pages(service_accounts_of(project_id), after=after):
            yield from (service_account_from(item) for item in page if "deleted_at" not in item)

    def rename(self, project_id: str, account_id: str, name: str) -> ServiceAccount:
        """The service account with its new name; raises `NotFound`."""
        update = Update(item_key(service_accounts_of(project_id), account_id)).require(_NOT_DELETED).set("#name", name)
        item = self._table.update_if(update)
        if item is None:
            raise service_account_not_found(account_id)
        return service_account_from(item)

    def delete(self, project_id: str, account_id: str) -> None:
        """Delete a service account with all of its keys; raises `NotFound`.

        It is marked first, so it gets no more keys, and removed last, so a repeated call finds it.
        """
        key = item_key(service_accounts_of(project_id), account_id)
        update = Update(key).require("attribute_exists(pk)")
        if self._table.update_if(update.set_if_absent("deleted_at", int(self._now_s()))) is None:
            raise service_account_not_found(account_id)
        self._api_keys.delete_of(project_id, account_id)
        self._table.delete(key)
