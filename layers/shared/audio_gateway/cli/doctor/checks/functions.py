"""The functions and their layers, as AWS has them, against the stack's own template."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.catalogue import catalogue_file
from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.remote_zip import RemoteFile
from audio_gateway.cli.doctor.visit import Visit

_FUNCTION: Final = "AWS::Lambda::Function"
_MACHINES: Final = {62: "x86_64", 183: "arm64"}
"""ELF's numbers of processors (e_machine), by Lambda's names."""

_E_MACHINE: Final = slice(18, 20)
_CATALOGUE: Final = "catalog.toml"  # in the layer


def _ready(visit: Visit) -> str:
    functions = visit.stack.functions
    wrong = [
        f"{name} is {found.get('State')} ({found.get('LastUpdateStatus')})"
        for name, found in functions.items()
        if found.get("State", "Active") not in {"Active", "Inactive"}  # inactive: not called for weeks, wakes by itself
        or found.get("LastUpdateStatus", "Successful") != "Successful"
    ]
    if wrong:
        reasons = {found.get("StateReason") or found.get("LastUpdateStatusReason") for found in functions.values()}
        raise Red(", ".join(wrong), " ".join(str(reason) for reason in reasons if reason) or "Deploy the stack again.")
    return f"{len(functions)} functions"


def _as_template(visit: Visit) -> str:
    stack = visit.stack
    wrong = []
    for logical_id, written in stack.of_type(_FUNCTION).items():
        found = stack.function(logical_id)
        for name in ("Runtime", "Handler", "MemorySize", "Timeout", "Architectures"):
            wanted = [*map(stack.value, written[name])] if name == "Architectures" else stack.value(written.get(name))
            if wanted is not None and str(wanted) != str(found.get(name, ["x86_64"])):
                wrong.append(f"{logical_id} has {name} {found.get(name)}, not {wanted}")
    if wrong:
        raise Red("; ".join(wrong), stack.deploy_again())
    return "runtime, memory, time-out and processor as in the template"


def _layer_processor(visit: Visit) -> str:
    """Not what the layer says, which is the same parameter as the functions': what its compiled code is made for."""
    seen = []
    for arn, wanted in _layers(visit).items():
        version = visit.stack.client("lambda").get_layer_version_by_arn(Arn=arn)
        made_for = _machine(version["Content"]["Location"])
        says = set(version.get("CompatibleArchitectures", wanted))
        if (made_for is not None and {made_for} != wanted) or not wanted <= says:
            do = "Deploy once more by `make deploy`, which builds both for one: docs/deployment.md, Processor."
            raise Red(f"{arn} is made for {made_for or sorted(says)}, its functions run on {sorted(wanted)}", do)
        seen.append(f"{arn.split(':')[-2]} {made_for or 'without compiled code'}")
    return ", ".join(seen)


def _layers(visit: Visit) -> dict[str, set[str]]:
    """The processors of the functions that use a layer, by its version's ARN."""
    users: dict[str, set[str]] = {}
    for found in visit.stack.functions.values():
        for layer in found.get("Layers", []):
            users.setdefault(layer["Arn"], set()).update(found.get("Architectures", ["x86_64"]))
    if not users:
        raise Skip("no function has a layer")
    return users


def _catalogue(visit: Visit) -> str:
    path = catalogue_file(visit)
    for arn in _layers(visit):
        url = visit.stack.client("lambda").get_layer_version_by_arn(Arn=arn)["Content"]["Location"]
        with RemoteFile(url) as file, zipfile.ZipFile(file) as archive:
            if _CATALOGUE not in archive.namelist():
                continue
            if archive.read(_CATALOGUE) != path.read_bytes():
                do = "Name the one that is meant by AUDIO_GATEWAY_CATALOG or --catalog; `make deploy` deploys it."
                raise Red(f"{arn} has another catalogue than {path}", do)
            return f"{path} is what was deployed"
    raise Red("no layer of the functions has a catalogue", "Deploy once more by `make deploy`.")


def _machine(url: str) -> str | None:
    """The processor of the first shared library in a layer's archive; a few hundred KB of it are read."""
    with RemoteFile(url) as file, zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if name.endswith(".so") or ".so." in name:
                with archive.open(name) as library:
                    number = int.from_bytes(library.read(20)[_E_MACHINE], "little")
                return _MACHINES.get(number, f"ELF machine {number}")
    return None


def _recursion(visit: Visit) -> str:
    """A webhook that is tried again goes round its queue more often than Lambda takes for sound."""
    stack, seen = visit.stack, []
    for name in _behind_queues(stack.of_type("AWS::Lambda::EventSourceMapping")):
        physical = stack.physical[name]
        found = stack.client("lambda").get_function_recursion_config(FunctionName=physical)["RecursiveLoop"]
        if found != "Allow":
            command = f"aws lambda put-function-recursion-config --function-name {physical} --recursive-loop Allow"
            message = f"{name}: RecursiveLoop is {found}, so webhooks end after 16 rounds, some three hours"
            raise Red(message, f"{command} --region {stack.region}")
        seen.append(name)
    if not seen:
        raise Skip("no function is behind a queue")
    return f"{', '.join(seen)}: RecursiveLoop is Allow"


def _behind_queues(mappings: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for written in mappings.values():
        source, function = written.get("EventSourceArn"), written.get("FunctionName")
        if isinstance(function, Mapping) and "Ref" in function and source is not None:
            yield function["Ref"]


FUNCTIONS: Final = Group(
    "Functions",
    (
        Check("functions-ready", "each function is active, and its last update came through", _ready),
        Check("functions-as-template", "each function is as the template says", _as_template),
        Check(
            "layer-processor",
            "the layers are made for the processor that the functions run on",
            _layer_processor,
            seconds=60,
            not_local="`make run` mounts the layers as folders, made for this machine",
        ),
        Check(
            "catalogue",
            "the catalogue that was deployed is the one on this machine",
            _catalogue,
            seconds=60,
            not_local="`make run` reads the file itself",
        ),
        Check(
            "webhook-recursion",
            "Lambda lets webhooks go round their queue for a day",
            _recursion,
            not_local="the local Lambda service detects no recursion",
        ),
    ),
)
