"""Decides the parameters of a deployment from the request and the state of the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scripts.deploy.account import AwsAccount
from scripts.deploy.errors import DeployRefused

ARCHITECTURES: Final = ("x86_64", "arm64")

SMALL_QUOTA: Final = 100
"""Below this quota, waiting callers, jobs and webhooks take environments from each other."""

FEW_WEBHOOKS: Final = "2"
"""Lambda's minimum for a queue's MaximumConcurrency."""

USUAL_WEBHOOKS: Final = "10"
"""The template's default. It is given explicitly, or CloudFormation would keep the value of an earlier, small quota."""


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """The section of samconfig.toml and the options on the command line, which take precedence."""

    stack_name: str
    section: Mapping[str, str]
    given: Mapping[str, str]
    architecture: str | None


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """The parameters to deploy with, and notes on them for the operator."""

    parameters: dict[str, str]
    notes: tuple[str, ...]

    @property
    def architecture(self) -> str:
        """The architecture to build for."""
        return self.parameters["Architecture"]


def plan(request: DeployRequest, account: AwsAccount) -> DeployPlan:
    """Decide the parameters. The stack keeps its values of all other parameters.

    Raises `DeployRefused` if the deployment would fail or change something that belongs to others.
    """
    notes: list[str] = []
    wanted = {**request.section, **request.given}
    stack = account.stack or {}
    parameters = {
        **wanted,
        "Architecture": _architecture(request, wanted, stack, notes),
        **_concurrency(wanted, account.concurrency, notes),
        **_access_logs(wanted, account, notes),
    }
    return DeployPlan(parameters, tuple(notes))


def _architecture(request: DeployRequest, wanted: Mapping[str, str], stack: Mapping[str, str], notes: list[str]) -> str:
    named = wanted.get("Architecture")
    if request.architecture and named and request.architecture != named:
        raise DeployRefused(f"ARCH={request.architecture} contradicts Architecture={named}: give only one")
    present = stack.get("Architecture")
    chosen = request.architecture or named or present or ARCHITECTURES[0]
    if chosen not in ARCHITECTURES:
        raise DeployRefused(f"ARCH={chosen} is not an architecture of Lambda: choose {' or '.join(ARCHITECTURES)}")
    if present and chosen != present:
        notes.append(f"The stack changes from {present} to {chosen}: functions and layers in one update.")
    return chosen


def _concurrency(wanted: Mapping[str, str], quota: int, notes: list[str]) -> dict[str, str]:
    small = quota < SMALL_QUOTA
    if small:
        notes.append(
            f"Lambda's quota in this account and region is {quota} concurrent environments. Waiting callers, jobs and "
            "webhooks share them: ask for a higher quota (docs/deployment.md, Concurrency)."
        )
    return {
        "LambdaConcurrency": wanted.get("LambdaConcurrency", str(quota)),
        "WebhookConcurrency": wanted.get("WebhookConcurrency", FEW_WEBHOOKS if small else USUAL_WEBHOOKS),
    }


def _access_logs(wanted: Mapping[str, str], account: AwsAccount, notes: list[str]) -> dict[str, str]:
    stack = account.stack or {}
    manages = {**stack, **wanted}.get("ManageApiGatewayLogRole") == "true"
    ours = stack.get("ManageApiGatewayLogRole") == "true"
    if manages and account.log_role and not ours:
        raise DeployRefused(
            f"API Gateway already has a role for logs in this account and region, {account.log_role}, and "
            "ManageApiGatewayLogRole=true would replace it for all APIs. Deploy with AccessLogs=true to use it."
        )
    if manages:
        return {}
    logs = wanted.get("AccessLogs", "true" if account.log_role else "false")
    if logs == "true" and not account.log_role:
        raise DeployRefused(
            "AccessLogs=true needs a role for logs, and API Gateway has none in this account and region. Deploy with "
            "ManageApiGatewayLogRole=true to make one for the whole account and region, or without access logs."
        )
    if not account.log_role:
        notes.append("No access log is written: API Gateway has no role for it (docs/deployment.md, Access logs).")
    return {"AccessLogs": logs}
