"""The steps of a deployment: check, build, check what was built, deploy."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from scripts.deploy import catalogue, existing_table
from scripts.deploy.account import AwsAccount, account_of
from scripts.deploy.built_layers import check_built
from scripts.deploy.config import format_override, parse_parameters, read_config, section_of
from scripts.deploy.errors import DeployRefused
from scripts.deploy.function_sizes import check_sizes
from scripts.deploy.parameters import DeployPlan, DeployRequest, plan

ROOT: Final = Path(__file__).resolve().parents[2]
BUILT: Final = ROOT / ".aws-sam" / "build"

RunCommand = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs a command with additional environment variables, and returns its exit code."""


def deploy(
    arguments: Sequence[str],
    session_of: Callable[..., Any],
    run: RunCommand,
    built: Path = BUILT,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Deploy the stack and return the exit code. Unknown arguments are passed on to SAM.

    Raises `DeployRefused` if nothing was deployed.
    """
    options, sam_options = _parse(arguments)
    config = Path(options.config_file).expanduser().resolve()
    stack_name, section = section_of(read_config(config), options.config_env, config.name)
    request = DeployRequest(
        options.stack_name or stack_name, section, parse_parameters(options.parameter), options.arch or None
    )
    session = session_of(region_name=options.region, profile_name=options.profile)
    if not session.region_name:
        raise DeployRefused("No region is set: set AWS_REGION, or add --region")
    account = account_of(request.stack_name, session)
    chosen = catalogue.chosen(environ, Path.cwd(), ROOT)
    catalogue_notes = catalogue.check(chosen, account.stack or {}, environ)
    existing_table.check({**section, **request.given}, account.stack or {}, session)
    planned = plan(request, account)
    planned.parameters[catalogue.PARAMETER] = chosen.whose
    _announce(request, account, planned, [*catalogue_notes, *planned.notes], session.region_name)
    if options.check:
        return 0
    sam = [str(ROOT / "scripts" / "sam")]
    environment = ["--config-file", str(config), "--config-env", options.config_env]
    variables = {"ARCHITECTURE": planned.architecture, catalogue.VARIABLE: str(chosen.path)}
    if code := run([*sam, "build", *environment], variables):
        return code
    check_built(built, planned.architecture)
    print("\n".join(check_sizes(built)))
    catalogue.check_built(built, chosen)
    where = ["--stack-name", request.stack_name, "--region", session.region_name]
    profile = ["--profile", options.profile] if options.profile else []
    overrides = [format_override(name, value) for name, value in sorted(planned.parameters.items())]
    return run([*sam, "deploy", *environment, *where, *profile, *sam_options, "--parameter-overrides", *overrides], {})


def _announce(
    request: DeployRequest, account: AwsAccount, planned: DeployPlan, notes: Sequence[str], region: str
) -> None:
    for note in notes:
        print(f"note: {note}")
    print(f"{request.stack_name} in {region}: {'a new stack' if account.stack is None else 'an update'}")
    print("  " + " ".join(f"{name}={value}" for name, value in sorted(planned.parameters.items())))


def _parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="make deploy", description="Build and deploy the stack.")
    parser.add_argument("--config-env", default="default", help="section of the file: default, dev or prod")
    parser.add_argument("--config-file", default=str(ROOT / "samconfig.toml"), help="your own samconfig.toml")
    parser.add_argument("--arch", default="", help="x86_64 or arm64 (default: that of the existing stack)")
    parser.add_argument("--stack-name", default="", help="name of the stack (default: that of the section)")
    parser.add_argument("--region", default=None)
    parser.add_argument("--profile", default=None)
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="can be repeated")
    parser.add_argument("--check", action="store_true", help="print what would be deployed, and build nothing")
    return parser.parse_known_args(list(arguments))
