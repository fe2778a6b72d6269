"""Which stack is looked at: the local one, or a deployed one that is named."""

from __future__ import annotations

from typing import Any, Final

from audio_gateway.cli.doctor.stack import Stack
from audio_gateway.cli.failures import Failed, WrongUse
from audio_gateway.cli.gateway import Gateway, local_client, local_stack, no_stack_file, outputs_of

_LOCAL_NAME: Final = "audio-gateway"
"""What `make run` calls its stack."""

_BASE_URL: Final = "ApiBaseUrl"


def stack_of(gateway: Gateway) -> Stack:
    """The stack that the options name.

    Raises:
        WrongUse: they name a table, or nothing where no local stack is running.
        Failed: there is no such stack, or it is no audio gateway.
    """
    if gateway.table is not None:
        raise WrongUse("doctor looks at a whole stack and not at its table alone: name it with --stack-name.")
    table = gateway.deployment.table
    if gateway.stack_name is None:
        found = local_stack()

        def make(service: str) -> Any:
            return local_client(found, service)

        if "base_url" not in found:
            raise no_stack_file()
        return Stack(_LOCAL_NAME, str(found["base_url"]), table, make, local=True)
    outputs = outputs_of(gateway.session, gateway.stack_name)
    if _BASE_URL not in outputs:
        raise Failed(f"The stack '{gateway.stack_name}' has no output {_BASE_URL}: it is no audio gateway.")
    return Stack(gateway.stack_name, outputs[_BASE_URL], table, gateway.client)
