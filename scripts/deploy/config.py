"""Reads samconfig.toml and NAME=VALUE parameters."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.deploy.errors import DeployRefused


def read_config(config: Path) -> Mapping[str, Any]:
    """Read a samconfig.toml. Raises `DeployRefused` if it cannot be read."""
    try:
        return tomllib.loads(config.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DeployRefused(f"{config} cannot be read: {error}") from error


def section_of(config: Mapping[str, Any], name: str, file: str = "samconfig.toml") -> tuple[str, dict[str, str]]:
    """Return the stack name and the parameters of a section. Raises `DeployRefused` if there is no such section."""
    if name not in config:
        raise DeployRefused(f"{file} has no section '{name}'; it has {', '.join(sorted(set(config) - {'version'}))}")
    section = config[name]
    overrides = section.get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    stack_name = section.get("global", {}).get("parameters", {}).get("stack_name", "audio-gateway")
    return stack_name, parse_parameters(shlex.split(overrides) if isinstance(overrides, str) else overrides)


def parse_parameters(texts: Sequence[str]) -> dict[str, str]:
    """Parse NAME=VALUE texts. Raises `DeployRefused` for any other text."""
    wrong = [text for text in texts if "=" not in text]
    if wrong:
        raise DeployRefused(f"'{wrong[0]}' is not a parameter: write NAME=VALUE")
    return {name: value.strip('"') for name, value in (text.split("=", 1) for text in texts)}


def format_override(name: str, value: str) -> str:
    """Format a parameter for SAM, which ends an unquoted value at a space and refuses an empty one."""
    escaped = value.replace('"', r"\"")
    return f'{name}="{escaped}"'
