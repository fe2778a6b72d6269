"""The context that the checks of a run share: the stack, its API calls, and what has to be removed at the end.

The calls belong to a separate project, which is created once and kept, so they reach no customer's webhook and reports
show them separately. The keys expire within an hour, even if doctor is killed.
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

from audio_gateway.cli.doctor.api import ApiClient, HttpResponse
from audio_gateway.cli.doctor.check import CheckFailed, CheckSkipped
from audio_gateway.cli.doctor.stack import InspectedStack
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
class TemporaryKey:
    """A temporary key and its project."""

    value: str
    id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class ReportedCharge:
    """The cost that a response reported. `request_id` is that of its ledger row."""

    request_id: str
    microusd: int


@dataclass
class CheckContext:
    """What the checks of a run share.

    `catalog` is the path given with --catalog. `charges` must be in the ledger. `served` maps an endpoint and a model
    to the model that served it. `speech` is a wav. `job_id` is the job that a check started.
    """

    stack: InspectedStack
    gateway: Gateway
    api: ApiClient
    catalog: str | None = None
    charges: list[ReportedCharge] = field(default_factory=list)
    served: dict[tuple[str, str], str | None] = field(default_factory=dict)
    speech: bytes | None = None
    job_id: str | None = None
    started_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    _jobs: set[str] = field(default_factory=set)
    _undo: list[tuple[str, Callable[[], None]]] = field(default_factory=list)

    # ------------------------------------------------------------ keys
    @cached_property
    def admin_key(self) -> str:
        """A temporary admin key, written directly into the table, so the operator needs none."""
        expires_at = int(time.time()) + _KEY_LIVES_S
        try:
            key: NewKey = self.gateway.directory.admin_keys.create(name=PROJECT, expires_at=expires_at)
        except GatewayError as error:
            message = f"a temporary admin key cannot be written into the table: {error.message}"
            raise CheckSkipped(f"{message} ({error.__cause__})" if error.__cause__ else message) from error
        self.on_clean_up(f"admin key {key.record.id}", lambda: self.gateway.directory.admin_keys.revoke(key.record))
        return key.value

    @cached_property
    def project_id(self) -> str:
        """The project of doctor's calls, created through the API if it does not exist."""
        for project in self.gateway.directory.projects.list():
            if project.name == PROJECT and project.archived_at is None:
                return project.id
        made = self.admin("POST", "/organization/projects", json={"name": PROJECT})
        return str(made.json()["id"])

    @cached_property
    def key(self) -> TemporaryKey:
        """The temporary key of all calls. It is written into the table if the admin API cannot create one."""
        try:
            return self.new_key()
        except CheckFailed:
            return self._key_from_the_table()

    def new_key(self) -> TemporaryKey:
        """Create a service account with a key through the admin API. Raises `CheckFailed`."""
        limits = {"monthly_budget_usd": BUDGET_USD, "expires_at": int(time.time()) + _KEY_LIVES_S}
        path = f"/organization/projects/{self.project_id}/service_accounts"
        account = self.admin("POST", path, json={"name": PROJECT, "limits": limits}).json()
        self.on_clean_up(f"service account {account['id']}", lambda: self._remove(self.project_id, account["id"]))
        return TemporaryKey(account["api_key"]["value"], account["api_key"]["id"], self.project_id)

    def _remove(self, project_id: str, account_id: str) -> None:
        with suppress(NotFound):
            self.gateway.directory.service_accounts.delete(project_id, account_id)

    def _key_from_the_table(self) -> TemporaryKey:
        directory = self.gateway.directory
        limits = limits_from_api({"monthly_budget_usd": BUDGET_USD, "expires_at": int(time.time()) + _KEY_LIVES_S})
        try:
            key = directory.api_keys.create(name=PROJECT, limits=limits)
        except GatewayError as error:
            raise CheckSkipped(f"a temporary key cannot be created: {error.message}") from error
        self.on_clean_up(f"key {key.record.id}", lambda: directory.api_keys.delete(key.record.id))
        return TemporaryKey(key.value, key.record.id, key.record.project_id)

    # ------------------------------------------------------------ calls
    def admin(self, method: str, path: str, *, status: int = _OK, **content: Any) -> HttpResponse:
        """Call the admin API and expect this status."""
        return self._expected(self.api.call(method, path, self.admin_key, **content), status, "admin")

    def call(self, method: str, path: str, folder: str, *, status: int = _OK, **content: Any) -> HttpResponse:
        """Call the API with the temporary key and expect this status. `folder` is that of the answering function.

        Follows the redirects of long calls, as the SDKs do.
        """
        answer = self.follow_redirects(self.api.call(method, path, self.key.value, **content))
        return self._expected(answer, status, folder)

    def follow_redirects(self, answer: HttpResponse) -> HttpResponse:
        """Follow redirects that stay on the gateway, and return the last response. Deletes jobs on the way later."""
        for _ in range(_MOST_HOPS):
            url = self.api.next_url(answer)
            if url is None or not self.api.is_ours(url):
                break
            self._delete_linked_job_later(url)
            answer = self.api.call("GET", url, self.key.value)
        return answer

    def _delete_linked_job_later(self, url: str) -> None:
        found = _JOB.search(url)
        if found is not None and found[1] not in self._jobs:
            self.delete_job_later(found[1])

    def delete_job_later(self, job_id: str) -> None:
        """Delete a job at the end of the run."""
        self._jobs.add(job_id)
        self.on_clean_up(f"job {job_id}", lambda: self.delete(f"/audio/jobs/{job_id}", "jobs"))

    def delete(self, path: str, folder: str) -> None:
        """Delete a resource through the API."""
        self.call("DELETE", path, folder)

    def _expected(self, answer: HttpResponse, status: int, folder: str) -> HttpResponse:
        if answer.status != status:
            raise CheckFailed(answer.summary(), self.stack.logs_of(folder))
        return answer

    def record_charge(self, answer: HttpResponse) -> HttpResponse:
        """Record the cost of a response, to compare it with the ledger. Raises `CheckFailed` if the header is missing.

        The ledger row of a job has the job's id.
        """
        cost = answer.headers.get("x-audio-gateway-cost-usd")
        if cost is None:
            raise CheckFailed(f"{answer.call} answered {answer.status} without x-audio-gateway-cost-usd")
        job = _JOB.search(answer.call)
        request_id = answer.headers.get("x-request-id", "") if job is None else job[1]
        self.charges.append(ReportedCharge(request_id, microusd(cost)))
        return answer

    # ------------------------------------------------------------ models
    @cached_property
    def models(self) -> list[dict[str, Any]]:
        """The gateway's models without their aliases, cheapest first."""
        found: list[dict[str, Any]] = self.call("GET", "/models", "models").json()["data"]
        return sorted((model for model in found if model.get("alias_of") is None), key=_price)

    def model(self, endpoint: str) -> dict[str, Any]:
        """Return the cheapest model for an endpoint. Raises `CheckSkipped` if there is none."""
        for model in self.models:
            if endpoint in model["endpoints"]:
                return model
        raise CheckSkipped(f"the catalogue has no model for {endpoint}")

    # ------------------------------------------------------------ clean-up
    def on_clean_up(self, what: str, undo: Callable[[], None]) -> None:
        """Register an undo function for something that was created."""
        self._undo.append((what, undo))

    def clean_up(self) -> list[tuple[str, Exception]]:
        """Remove everything that was created, the latest first. Returns what could not be removed, and why."""
        failed = []
        while self._undo:
            what, undo = self._undo.pop()
            try:
                undo()
            except Exception as error:  # noqa: BLE001 - a failure is reported and must not stop the rest
                failed.append((what, error))
        self.api.close()
        return failed


def microusd(usd: str) -> int:
    """Convert the decimal dollars of a response into micro-dollars."""
    return int(Decimal(usd) * 1_000_000)


def _price(model: dict[str, Any]) -> float:
    return sum(map(float, model["price"].values()))
