"""Starts the runtime, in place of AWS's: `python -m audio_gateway.lambda_runtime`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from audio_gateway.lambda_runtime.handler import NoHandler, load_handler
from audio_gateway.lambda_runtime.logs import Logs
from audio_gateway.lambda_runtime.loop import Loop
from audio_gateway.lambda_runtime.runtime_api import RuntimeApi, RuntimeApiFailed


def main() -> int:
    """Run until Lambda ends the process. Returns the exit status if it must end by itself."""
    signal.signal(signal.SIGTERM, _exit)
    logs = Logs(os.environ)
    logs.set_up()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except NoHandler as error:
        logs.write_failure(error.failure)
        api.fail_init(error.failure)
        return 1
    try:
        Loop(api, handler, logs, os.environ).run()
    except RuntimeApiFailed as error:
        print(error, file=sys.stderr)  # noqa: T201 -- the process ends
        return 1


def _exit(_signal: int, _frame: Any) -> None:
    """End the process as a program ends: what was registered at exit runs, and child processes are ended."""
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
