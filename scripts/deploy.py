"""Build and deploy the stack, with what only the AWS account can tell: `make deploy`, docs/deployment.md.

The processor is chosen twice, when the layers are built and by a parameter that CloudFormation keeps. A plain `sam
build && sam deploy` can put layers of one processor under functions of the other, and then the whole API is down. So
this asks the stack first, builds for its processor, and looks at what was built. It also reads Lambda's quota and API
Gateway's role for logs, because a deployment that does not know them fails or is slow, and it repeats the parameters of
the section of samconfig.toml, which `--parameter-overrides` alone would drop.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # as a script it finds only what is beside it
from scripts import catalogue_to_deploy, existing_table  # noqa: E402

BUILT: Final = ROOT / ".aws-sam" / "build"
ARCHITECTURES: Final = ("x86_64", "arm64")
_ELF: Final = b"\x7fELF"
_MACHINES: Final = {0x3E: "x86_64", 0xB7: "arm64"}
"""e_machine, the two bytes at offset 18 of an ELF file."""

SMALL_QUOTA: Final = 100
"""Below it waiting callers, jobs and webhooks take each other's environments."""
FEW_WEBHOOKS: Final = "2"
"""The least that Lambda takes as a queue's MaximumConcurrency."""
USUAL_WEBHOOKS: Final = "10"
"""The template's default, said again: CloudFormation would keep what a small quota once needed."""


class Refused(Exception):
    """It is not deployed. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for: the section of samconfig.toml and the command line, which wins."""

    stack_name: str
    section: Mapping[str, str]
    given: Mapping[str, str]
    architecture: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """What AWS says. `stack` are the parameters of the stack that is there, None if there is none."""

    stack: Mapping[str, str] | None
    log_role: str | None
    concurrency: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The parameters to deploy with, and what to tell the operator about them."""

    parameters: dict[str, str]
    notes: tuple[str, ...]

    @property
    def architecture(self) -> str:
        """The processor to build for."""
        return self.parameters["Architecture"]


def decide(wishes: Wishes, account: Account) -> Decision:
    """The parameters of this deployment. Those that are not named keep what the stack has.

    Raises:
        Refused: the deployment would fail, or take away what is somebody else's.
    """
    notes: list[str] = []
    wanted = {**wishes.section, **wishes.given}
    stack = account.stack or {}
    parameters = {
        **wanted,
        "Architecture": _architecture(wishes, wanted, stack, notes),
        **_of_the_quota(wanted, account.concurrency, notes),
        **_of_the_log_role(wanted, account, notes),
    }
    return Decision(parameters, tuple(notes))


def _architecture(wishes: Wishes, wanted: Mapping[str, str], stack: Mapping[str, str], notes: list[str]) -> str:
    named = wanted.get("Architecture")
    if wishes.architecture and named and wishes.architecture != named:
        raise Refused(f"ARCH={wishes.architecture} contradicts Architecture={named}: name one processor")
    present = stack.get("Architecture")
    chosen = wishes.architecture or named or present or ARCHITECTURES[0]
    if chosen not in ARCHITECTURES:
        raise Refused(f"ARCH={chosen} is no processor of Lambda: choose {' or '.join(ARCHITECTURES)}")
    if present and chosen != present:
        notes.append(f"The stack changes from {present} to {chosen}: functions and layers in one update.")
    return chosen


def _of_the_quota(wanted: Mapping[str, str], concurrency: int, notes: list[str]) -> dict[str, str]:
    small = concurrency < SMALL_QUOTA
    if small:
        notes.append(
            f"Lambda runs {concurrency} environments at once in this account and region. Callers who wait, jobs and "
            "webhooks share them: ask for a higher quota (docs/deployment.md, Concurrency)."
        )
    return {
        "LambdaConcurrency": wanted.get("LambdaConcurrency", str(concurrency)),
        "WebhookConcurrency": wanted.get("WebhookConcurrency", FEW_WEBHOOKS if small else USUAL_WEBHOOKS),
    }


def _of_the_log_role(wanted: Mapping[str, str], account: Account, notes: list[str]) -> dict[str, str]:
    stack = account.stack or {}
    manages = {**stack, **wanted}.get("ManageApiGatewayLogRole") == "true"
    ours = stack.get("ManageApiGatewayLogRole") == "true"
    if manages and account.log_role and not ours:
        raise Refused(
            f"API Gateway has a role for logs in this account and region, {account.log_role}, and "
            "ManageApiGatewayLogRole=true would replace it for everybody. Deploy with AccessLogs=true to use it."
        )
    if manages:
        return {}
    logs = wanted.get("AccessLogs", "true" if account.log_role else "false")
    if logs == "true" and not account.log_role:
        raise Refused(
            "AccessLogs=true needs a role for logs, and API Gateway has none in this account and region. Deploy with "
            "ManageApiGatewayLogRole=true to make one for the whole account and region, or without access logs."
        )
    if not account.log_role:
        notes.append("No access log is written: API Gateway has no role for it (docs/deployment.md, Access logs).")
    return {"AccessLogs": logs}


def machines(folder: Path) -> dict[str, Path]:
    """For which processors the compiled files below a folder are, each with one of them."""
    found: dict[str, Path] = {}
    for path in _compiled(folder):
        with path.open("rb") as file:
            head = file.read(20)
        if head.startswith(_ELF):
            found.setdefault(_MACHINES.get(int.from_bytes(head[18:20], "little"), "another processor"), path)
    return found


def _compiled(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink())


def check_built(built: Path, architecture: str) -> None:
    """Raises `Refused` if a layer that was built has code for another processor, or if there is none."""
    layers = sorted(built.glob("*Layer"))
    if not layers:
        raise Refused(f"{built} has no layers: sam build made nothing")
    for layer in layers:
        found = machines(layer)
        if set(found) != {architecture}:
            wrong = next(
                (f"{path} is for {name}" for name, path in found.items() if name != architecture), "it is empty"
            )
            raise Refused(
                f"{layer.name} was not built for {architecture}: {wrong}. Remove .aws-sam, then deploy again."
            )


def _read(config: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(config.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"{config} cannot be read: {error}") from error


def section_of(config: Mapping[str, Any], name: str, file: str = "samconfig.toml") -> tuple[str, dict[str, str]]:
    """Name of the stack and parameters that a section of a samconfig.toml has.

    Raises:
        Refused: there is no such section.
    """
    if name not in config:
        raise Refused(f"{file} has no section '{name}'; it has {', '.join(sorted(set(config) - {'version'}))}")
    section = config[name]
    overrides = section.get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    stack_name = section.get("global", {}).get("parameters", {}).get("stack_name", "audio-gateway")
    return stack_name, _pairs(shlex.split(overrides) if isinstance(overrides, str) else overrides)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    wrong = [text for text in texts if "=" not in text]
    if wrong:
        raise Refused(f"'{wrong[0]}' is no parameter: write NAME=VALUE")
    return {name: value.strip('"') for name, value in (text.split("=", 1) for text in texts)}


def _override(name: str, value: str) -> str:
    """A parameter for SAM, which ends a value at a blank and takes no empty one, unless it is in quotes."""
    escaped = value.replace('"', r"\"")
    return f'{name}="{escaped}"'


def account_of(stack_name: str, session: Any) -> Account:
    """What AWS says about a stack and its account. `session` is boto3's."""
    from botocore.exceptions import ClientError

    stack = None
    try:
        (found,) = session.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        if found["StackStatus"] == "ROLLBACK_COMPLETE":
            raise Refused(
                f"The first deployment of {stack_name} failed, and CloudFormation updates no such stack. Look at its "
                f"events, then delete it: aws cloudformation delete-stack --stack-name {stack_name}"
            )
        if found["StackStatus"] != "REVIEW_IN_PROGRESS":  # a change set that nobody has run yet
            stack = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", ())}
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
    role = session.client("apigateway").get_account().get("cloudwatchRoleArn")
    limits = session.client("lambda").get_account_settings()["AccountLimit"]
    return Account(stack, role, limits["ConcurrentExecutions"])


def _arguments(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="scripts/deploy", description="Build and deploy the stack.")
    parser.add_argument("--config-env", default="default", help="section of the file: default, dev or prod")
    parser.add_argument("--config-file", default=str(ROOT / "samconfig.toml"), help="a samconfig.toml of your own")
    parser.add_argument("--arch", default="", help="x86_64 or arm64; without it the stack's present one")
    parser.add_argument("--stack-name", default="", help="without it the section's")
    parser.add_argument("--region", default=None)
    parser.add_argument("--profile", default=None)
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    parser.add_argument("--check", action="store_true", help="say what would be deployed, and build nothing")
    return parser.parse_known_args(list(arguments))


Run = Callable[[Sequence[str], Mapping[str, str]], int]


def deploy(
    arguments: Sequence[str],
    session_of: Callable[..., Any],
    run: Run,
    built: Path = BUILT,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """The exit code. `run` starts a command with variables beside the environment; what is not ours goes to SAM.

    Raises:
        Refused, WrongCatalogue, WrongTable: nothing was deployed.
    """
    asked, others = _arguments(arguments)
    config = Path(asked.config_file).expanduser().resolve()
    stack_name, section = section_of(_read(config), asked.config_env, config.name)
    wishes = Wishes(asked.stack_name or stack_name, section, _pairs(asked.parameter), asked.arch or None)
    session = session_of(region_name=asked.region, profile_name=asked.profile)
    if not session.region_name:
        raise Refused("No region is chosen: set AWS_REGION, or add --region")
    account = account_of(wishes.stack_name, session)
    catalogue = catalogue_to_deploy.chosen(environ, Path.cwd(), ROOT)
    about_catalogue = catalogue_to_deploy.check(catalogue, account.stack or {}, environ)
    existing_table.check({**section, **wishes.given}, account.stack or {}, session)
    decision = decide(wishes, account)
    decision.parameters[catalogue_to_deploy.PARAMETER] = catalogue.whose
    for note in (*about_catalogue, *decision.notes):
        print(f"note: {note}")
    print(f"{wishes.stack_name} in {session.region_name}: {'a new stack' if account.stack is None else 'an update'}")
    print("  " + " ".join(f"{name}={value}" for name, value in sorted(decision.parameters.items())))
    if asked.check:
        return 0
    sam = [str(ROOT / "scripts" / "sam")]
    environment = ["--config-file", str(config), "--config-env", asked.config_env]
    variables = {"ARCHITECTURE": decision.architecture, catalogue_to_deploy.VARIABLE: str(catalogue.path)}
    if code := run([*sam, "build", *environment], variables):
        return code
    check_built(built, decision.architecture)
    catalogue_to_deploy.check_built(built, catalogue)
    where = ["--stack-name", wishes.stack_name, "--region", session.region_name]
    profile = ["--profile", asked.profile] if asked.profile else []
    overrides = [_override(name, value) for name, value in sorted(decision.parameters.items())]
    return run([*sam, "deploy", *environment, *where, *profile, *others, "--parameter-overrides", *overrides], {})


def _run(command: Sequence[str], variables: Mapping[str, str]) -> int:
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=False).returncode


def main() -> None:
    """Deploy, or say in one line why not."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        sys.exit(deploy(sys.argv[1:], boto3.Session, _run))
    except (Refused, catalogue_to_deploy.WrongCatalogue, existing_table.WrongTable) as error:
        sys.exit(f"not deployed: {error}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"not deployed: AWS did not say what is there: {error}")


if __name__ == "__main__":
    main()
