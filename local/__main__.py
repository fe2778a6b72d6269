"""`python -m local`, which is what `make run` starts."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from local.settings import StackError, StackSettings

_ROOT: Final = Path(__file__).resolve().parent.parent
_INSTALLED_MODULES: Final = ("boto3", "httptools", "ministack", "samtranslator", "uvicorn")
_INSTALLED_FOLDERS: Final = ("runtime/python/awslambdaric", "layers/shared/python")


def main(root: Path = _ROOT) -> int:
    """Run the stack until a signal stops it, and return the exit code."""
    environ = dict(os.environ)
    # boto3 must not find the operator's AWS configuration. Only `settings` keeps it.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    try:
        settings = StackSettings.from_environment(environ, root, Path.cwd())
        _check_installed(settings.installed)
        asyncio.run(_run(settings))
    except StackError as error:
        sys.stderr.write(f"audio-gateway: {error}\n")
        return 1
    return 0


async def _run(settings: StackSettings) -> None:
    from local.stack import LocalStack  # needs the packages that `_check_installed` requires

    await LocalStack(settings).run()


def _check_installed(installed: Path) -> None:
    missing = [name for name in _INSTALLED_MODULES if find_spec(name) is None]
    missing += [str(installed / name) for name in _INSTALLED_FOLDERS if not (installed / name).is_dir()]
    if missing:
        raise StackError(
            f"{missing[0]} is not installed: start the stack with `make run`, which installs what it needs"
        )


if __name__ == "__main__":
    sys.exit(main())
