"""Removes what no function uses from a layer's packages: `prune_layer.py FOLDER`, which Lambda mounts as /opt/python.

Both the deployed layers (scripts/build-layer) and those of `make run` (Makefile) are pruned, so what is missing on AWS
is missing locally, too. It needs only the standard library, since it runs before anything is installed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

SERVICES: Final = frozenset({"dynamodb", "lambda", "s3", "secretsmanager", "sqs", "ssm", "stepfunctions"})
"""The AWS services that the functions call. botocore contains descriptions of more than 400."""

NOT_DEPLOYED: Final = frozenset({"cli", "__main__.py"})
"""Parts of our own package that are not deployed: the command line, whose libraries are in no layer."""

# Only compilers, type checkers and test runners use these. Sources stay for tracebacks, *.dist-info for licences and
# entry points.
_PATTERNS: Final = ("*.pyi", "*.pyx", "*.pxd")


def prune(packages: Path) -> None:
    """Remove the unused files, and the bytecode of the Python version that installed the packages."""
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
