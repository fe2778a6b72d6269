"""Throw away what no function reads of a layer's packages: `prune_layer.py FOLDER`, which Lambda mounts as /opt/python.

The layers that are deployed (scripts/build-layer) and those of `make run` (Makefile) go through it, so that what is
missing on AWS is missing here. It needs nothing but the standard library: it runs before anything is installed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

SERVICES: Final = frozenset({"dynamodb", "lambda", "s3", "secretsmanager", "sqs", "ssm", "stepfunctions"})
"""The AWS services that the functions call. botocore brings a description of each of more than 400."""

NOT_DEPLOYED: Final = frozenset({"cli", "__main__.py"})
"""Of our own package: the operators' command line runs on their machines, and its libraries are in no layer."""

# What only compilers, type checkers and test runners read. Sources and *.dist-info stay: the first are in tracebacks,
# the second hold licences and entry points.
_PATTERNS: Final = ("*.pyi", "*.pyx", "*.pxd")


def prune(packages: Path) -> None:
    """Remove it, and the bytecode of whatever Python installed them."""
    for service in packages.glob("botocore/data/*/"):
        if service.name not in SERVICES:
            shutil.rmtree(service)
    shutil.rmtree(packages / "bin", ignore_errors=True)  # commands for a shell
    (packages / ".lock").unlink(missing_ok=True)  # uv's
    for name in NOT_DEPLOYED:
        ours = packages / "audio_gateway" / name
        if ours.is_dir():
            shutil.rmtree(ours)
        else:
            ours.unlink(missing_ok=True)
    for folder in [*packages.rglob("__pycache__"), *packages.glob("*/tests/")]:
        shutil.rmtree(folder)
    for pattern in _PATTERNS:
        for file in packages.rglob(pattern):
            file.unlink()


if __name__ == "__main__":
    prune(Path(sys.argv[1]))
