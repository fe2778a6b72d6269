"""Finds the stack to check: the local one, or a deployed one."""

from __future__ import annotations

from typing import Any, Final

from audio_gateway.cli.doctor.stack import InspectedStack
from audio_gateway.cli.failures import CommandFailed, UsageError
from audio_gateway.cli.gateway import Gateway, local_client, local_stack, no_stack_file, outputs_of

_LOCAL_NAME: Final = "audio-gateway"
"""The stack name that `make run` uses."""

_BASE_URL: Final = "ApiBaseUrl"


def stack_of(gateway: Gateway) -> InspectedStack:
    """Return the stack that the options name.

    Raises:
        UsageError: the options name a table, or they name nothing and no local stack is running.
        CommandFailed: the stack does not exist, or is not an audio gateway.
    """
    if gateway.table is not None:
        raise UsageError("doctor checks a whole stack, not only its table: name the stack with --stack-name.")
    table = gateway.target.table
    if gateway.stack_name is None:
        found = local_stack()

        def make(service: str) -> Any:
            return local_client(found, service)

        if "base_url" not in found:
            raise no_stack_file()
        return InspectedStack(_LOCAL_NAME, str(found["base_url"]), table, make, local=True)
    outputs = outputs_of(gateway.session, gateway.stack_name)
    if _BASE_URL not in outputs:
        raise CommandFailed(f"The stack '{gateway.stack_name}' has no output {_BASE_URL}: it is not an audio gateway.")
    return InspectedStack(gateway.stack_name, outputs[_BASE_URL], table, gateway.client)
