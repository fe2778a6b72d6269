"""Compares the functions and their layers on AWS with the stack's template."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.catalogue import catalogue_file
from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.remote_file import RemoteFile

_FUNCTION: Final = "AWS::Lambda::Function"
_MACHINES: Final = {62: "x86_64", 183: "arm64"}
"""Lambda's architecture names, by the machine number in an ELF file (e_machine)."""

_E_MACHINE: Final = slice(18, 20)
_CATALOGUE: Final = "catalog.toml"  # in the layer


def _ready(context: CheckContext) -> str:
    functions = context.stack.functions
    wrong = [
        f"{name} is {found.get('State')} ({found.get('LastUpdateStatus')})"
        for name, found in functions.items()
        if found.get("State", "Active")
        not in {"Active", "Inactive"}  # inactive: idle for weeks; the next call activates it
        or found.get("LastUpdateStatus", "Successful") != "Successful"
    ]
    if wrong:
        reasons = {found.get("StateReason") or found.get("LastUpdateStatusReason") for found in functions.values()}
        raise CheckFailed(
            ", ".join(wrong), " ".join(str(reason) for reason in reasons if reason) or "Deploy the stack again."
        )
    return f"{len(functions)} functions"


def _as_template(context: CheckContext) -> str:
    stack = context.stack
    wrong = []
    for logical_id, written in stack.of_type(_FUNCTION).items():
        found = stack.function(logical_id)
        for name in ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures"):
            wanted = [*map(stack.value, written[name])] if name == "Architectures" else stack.value(written.get(name))
            if wanted is not None and str(wanted) != str(found.get(name, ["x86_64"])):
                wrong.append(f"{logical_id} has {name} {found.get(name)}, not {wanted}")
    if wrong:
        raise CheckFailed("; ".join(wrong), stack.redeploy_advice())
    return "runtime, memory, timeout and architecture as in the template"


def _layer_processor(context: CheckContext) -> str:
    """Compare the layers' compiled code with the functions: what a layer declares is only the template's parameter."""
    seen = []
    for arn, wanted in _layers(context).items():
        version = context.stack.client("lambda").get_layer_version_by_arn(Arn=arn)
        made_for = _machine(version["Content"]["Location"])
        says = set(version.get("CompatibleArchitectures", wanted))
        if (made_for is not None and {made_for} != wanted) or not wanted <= says:
            do = "Deploy with `make deploy`, which builds both for one architecture: docs/deployment.md, Processor."
            message = f"{arn} is built for {made_for or sorted(says)}, its functions run on {sorted(wanted)}"
            raise CheckFailed(message, do)
        seen.append(f"{arn.split(':')[-2]} {made_for or 'without compiled code'}")
    return ", ".join(seen)


def _layers(context: CheckContext) -> dict[str, set[str]]:
    """Return the architectures of the functions that use a layer, by the ARN of its version."""
    users: dict[str, set[str]] = {}
    for found in context.stack.functions.values():
        for layer in found.get("Layers", []):
            users.setdefault(layer["Arn"], set()).update(found.get("Architectures", ["x86_64"]))
    if not users:
        raise CheckSkipped("no function has a layer")
    return users


def _catalogue(context: CheckContext) -> str:
    path = catalogue_file(context)
    for arn in _layers(context):
        url = context.stack.client("lambda").get_layer_version_by_arn(Arn=arn)["Content"]["Location"]
        with RemoteFile(url) as file, zipfile.ZipFile(file) as archive:
            if _CATALOGUE not in archive.namelist():
                continue
            if archive.read(_CATALOGUE) != path.read_bytes():
                do = "Name the right one with AUDIO_GATEWAY_CATALOG or --catalog. `make deploy` deploys it."
                raise CheckFailed(f"{arn} has a different catalogue than {path}", do)
            return f"{path} is deployed"
    raise CheckFailed("no layer of the functions has a catalogue", "Deploy again with `make deploy`.")


def _machine(url: str) -> str | None:
    """Return the architecture of the first shared library in a layer. Reads a few hundred KB of the archive."""
    with RemoteFile(url) as file, zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if name.endswith(".so") or ".so." in name:
                with archive.open(name) as library:
                    number = int.from_bytes(library.read(20)[_E_MACHINE], "little")
                return _MACHINES.get(number, f"ELF machine {number}")
    return None


def _recursion(context: CheckContext) -> str:
    """A retried webhook passes its queue more often than Lambda's loop detection tolerates."""
    stack, seen = context.stack, []
    for name in _behind_queues(stack.of_type("AWS::Lambda::EventSourceMapping")):
        physical = stack.physical[name]
        found = stack.client("lambda").get_function_recursion_config(FunctionName=physical)["RecursiveLoop"]
        if found != "Allow":
            command = f"aws lambda put-function-recursion-config --function-name {physical} --recursive-loop Allow"
            message = f"{name}: RecursiveLoop is {found}, so webhooks stop after 16 rounds, about three hours"
            raise CheckFailed(message, f"{command} --region {stack.region}")
        seen.append(name)
    if not seen:
        raise CheckSkipped("no function reads a queue")
    return f"{', '.join(seen)}: RecursiveLoop is Allow"


def _behind_queues(mappings: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for written in mappings.values():
        source, function = written.get("EventSourceArn"), written.get("FunctionName")
        if isinstance(function, Mapping) and "Ref" in function and source is not None:
            yield function["Ref"]


FUNCTIONS: Final = CheckGroup(
    "Functions",
    (
        Check("functions-ready", "each function is active, and its last update succeeded", _ready),
        Check("functions-as-template", "each function matches the template", _as_template),
        Check(
            "layer-processor",
            "the layers are built for the architecture of the functions",
            _layer_processor,
            seconds=60,
            not_local="`make run` mounts layers that were built for this machine",
        ),
        Check(
            "catalogue",
            "the deployed catalogue is the one on this machine",
            _catalogue,
            seconds=60,
            not_local="`make run` reads the file itself",
        ),
        Check(
            "webhook-recursion",
            "Lambda allows webhooks to be retried for a day",
            _recursion,
            not_local="the local Lambda service detects no recursion",
        ),
    ),
)
