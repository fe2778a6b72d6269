"""One visit of the doctor: the stack, the calls it makes as a caller would, and what it has to take away again.

Its calls are those of a project of their own, made at the first visit and kept: so no customer's webhook hears of them,
and reports tell them apart. Their keys expire within the hour even if the doctor is killed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from audio_gateway.cli.doctor.api import Answer, Api
from audio_gateway.cli.doctor.check import Red, Skip
from audio_gateway.cli.doctor.stack import Stack
from audio_gateway.cli.gateway import Gateway
from audio_gateway.errors import GatewayError, NotFound
from audio_gateway.identity.keys import NewKey
from audio_gateway.metering.limits import limits_from_api

PROJECT: Final = "audio-gateway doctor"
BUDGET_USD: Final = "0.50"
_KEY_LIVES_S: Final = 3_600
_MOST_HOPS: Final = 20  # as the SDKs
_JOB: Final = re.compile(r"/audio/jobs/([^/]+)/content")
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class CallerKey:
    """A temporary key, and whose it is."""

    value: str
    id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class Charge:
    """What an answer said that it costs: `request_id` is the one of its row in the ledger."""

    request_id: str
    microusd: int


@dataclass
class Visit:
    """What the checks share.

    `catalog` is the path of the catalogue, if one is named; `charges` are what must be in the ledger; `served` says who
    answered in place of a model at an endpoint; `speech` is a wav, `job_id` a job that was begun.
    """

    stack: Stack
    gateway: Gateway
    api: Api
    catalog: str | None = None
    charges: list[Charge] = field(default_factory=list)
    served: dict[tuple[str, str], str | None] = field(default_factory=dict)
    speech: bytes | None = None
    job_id: str | None = None
    begun_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    _jobs: set[str] = field(default_factory=set)
    _undo: list[tuple[str, Callable[[], None]]] = field(default_factory=list)

    # ------------------------------------------------------------ keys
    @cached_property
    def admin_key(self) -> str:
        """A temporary admin key, written straight into the table: no standing one need be handed over."""
        expires_at = int(time.time()) + _KEY_LIVES_S
        try:
            key: NewKey = self.gateway.directory.admin_keys.create(name=PROJECT, expires_at=expires_at)
        except GatewayError as error:
            message = f"no temporary admin key can be written into the table: {error.message}"
            raise Skip(f"{message} ({error.__cause__})" if error.__cause__ else message) from error
        self.later(f"admin key {key.record.id}", lambda: self.gateway.directory.admin_keys.revoke(key.record))
        return key.value

    @cached_property
    def project_id(self) -> str:
        """The doctor's own project, made through the API if there is none yet."""
        for project in self.gateway.directory.projects.list():
            if project.name == PROJECT and project.archived_at is None:
                return project.id
        made = self.admin("POST", "/organization/projects", json={"name": PROJECT})
        return str(made.json()["id"])

    @cached_property
    def key(self) -> CallerKey:
        """The temporary key of all calls; from the table itself where the admin API makes none."""
        try:
            return self.new_key()
        except Red:
            return self._key_from_the_table()

    def new_key(self) -> CallerKey:
        """A service account with a key, through the admin API; raises `Red`."""
        limits = {"monthly_budget_usd": BUDGET_USD, "expires_at": int(time.time()) + _KEY_LIVES_S}
        path = f"/organization/projects/{self.project_id}/service_accounts"
        account = self.admin("POST", path, json={"name": PROJECT, "limits": limits}).json()
        self.later(f"service account {account['id']}", lambda: self._remove(self.project_id, account["id"]))
        return CallerKey(account["api_key"]["value"], account["api_key"]["id"], self.project_id)

    def _remove(self, project_id: str, account_id: str) -> None:
        with suppress(NotFound):
            self.gateway.directory.service_accounts.delete(project_id, account_id)

    def _key_from_the_table(self) -> CallerKey:
        directory = self.gateway.directory
        limits = limits_from_api({"monthly_budget_usd": BUDGET_USD, "expires_at": int(time.time()) + _KEY_LIVES_S})
        try:
            key = directory.api_keys.create(name=PROJECT, limits=limits)
        except GatewayError as error:
            raise Skip(f"there is no key to call with: {error.message}") from error
        self.later(f"key {key.record.id}", lambda: directory.api_keys.delete(key.record.id))
        return CallerKey(key.value, key.record.id, key.record.project_id)

    # ------------------------------------------------------------ calls
    def admin(self, method: str, path: str, *, status: int = _OK, **content: Any) -> Answer:
        """A call of the admin API that has to end with this status."""
        return self._expected(self.api.call(method, path, self.admin_key, **content), status, "admin")

    def call(self, method: str, path: str, folder: str, *, status: int = _OK, **content: Any) -> Answer:
        """A call with the temporary key that has to end with this status; `folder` is the function that answers.

        One that takes longer than an answer may is waited for, as the SDKs do.
        """
        answer = self.followed(self.api.call(method, path, self.key.value, **content))
        return self._expected(answer, status, folder)

    def followed(self, answer: Answer) -> Answer:
        """What an answer leads to: redirects are followed as long as they stay with the gateway. Its jobs are noted."""
        for _ in range(_MOST_HOPS):
            url = self.api.next_url(answer)
            if url is None or not self.api.is_ours(url):
                break
            self._note_job(url)
            answer = self.api.call("GET", url, self.key.value)
        return answer

    def _note_job(self, url: str) -> None:
        found = _JOB.search(url)
        if found is not None and found[1] not in self._jobs:
            self.note_job(found[1])

    def note_job(self, job_id: str) -> None:
        """Delete a job at the end."""
        self._jobs.add(job_id)
        self.later(f"job {job_id}", lambda: self.delete(f"/audio/jobs/{job_id}", "jobs"))

    def delete(self, path: str, folder: str) -> None:
        """Delete what was made."""
        self.call("DELETE", path, folder)

    def _expected(self, answer: Answer, status: int, folder: str) -> Answer:
        if answer.status != status:
            raise Red(answer.says(), self.stack.logs_of(folder))
        return answer

    def charged(self, answer: Answer) -> Answer:
        """Note what an answer costs, to look for it in the ledger; raises `Red` if it does not say so.

        A job's row has the job's id.
        """
        cost = answer.headers.get("x-audio-gateway-cost-usd")
        if cost is None:
            raise Red(f"{answer.call} answered {answer.status} without x-audio-gateway-cost-usd")
        job = _JOB.search(answer.call)
        request_id = answer.headers.get("x-request-id", "") if job is None else job[1]
        self.charges.append(Charge(request_id, microusd(cost)))
        return answer

    # ------------------------------------------------------------ models
    @cached_property
    def models(self) -> list[dict[str, Any]]:
        """The models that the gateway lists, the cheapest first."""
        found: list[dict[str, Any]] = self.call("GET", "/models", "models").json()["data"]
        return sorted(found, key=_price)

    def model(self, endpoint: str) -> dict[str, Any]:
        """The cheapest model for an endpoint; raises `Skip` if there is none."""
        for model in self.models:
            if endpoint in model["endpoints"]:
                return model
        raise Skip(f"the catalogue has no model for {endpoint}")

    # ------------------------------------------------------------ leaving
    def later(self, what: str, undo: Callable[[], None]) -> None:
        """Take away at the end what was made now."""
        self._undo.append((what, undo))

    def leave(self) -> list[tuple[str, Exception]]:
        """Take away what was made, the last thing first; what could not be, and why."""
        failed = []
        while self._undo:
            what, undo = self._undo.pop()
            try:
                undo()
            except Exception as error:  # noqa: BLE001 - what is left behind is told, and stops nothing else
                failed.append((what, error))
        self.api.close()
        return failed


def microusd(usd: str) -> int:
    """Decimal dollars, as an answer writes them, in micro-dollars."""
    return int(Decimal(usd) * 1_000_000)


def _price(model: dict[str, Any]) -> float:
    return sum(map(float, model["price"].values()))
