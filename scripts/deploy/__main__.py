"""`python -m scripts.deploy`, which is what `make deploy` runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from scripts.deploy.command import ROOT, deploy
from scripts.deploy.errors import DeployRefused


def main() -> None:
    """Deploy, or print one line that says why not."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        sys.exit(deploy(sys.argv[1:], boto3.Session, _run))
    except DeployRefused as error:
        sys.exit(f"not deployed: {error}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"not deployed: AWS could not be read: {error}")


def _run(command: Sequence[str], variables: Mapping[str, str]) -> int:
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=False).returncode


if __name__ == "__main__":
    main()
