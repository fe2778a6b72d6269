"""Commands of AWS's command line on our pages: that each operation and each of its options exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.model import ServiceModel
from botocore.session import Session

from tests.unit.docs.pages import blocks, markdown

GLOBAL = {"--query", "--output", "--region", "--profile"}
HIGH_LEVEL = {"s3"}
"""Commands that are no operation of a service's API."""
# Where the command line has another name for a parameter than the API.
ALIASES = {("sns", "subscribe"): {"--notification-endpoint": "--endpoint"}}


def commands(text: str) -> list[str]:
    lines = [line for block in blocks(text, "sh") for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`(aws [^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [found[0] for line in lines if (found := re.search(r"\baws [a-z0-9]+ [a-z-]+.*", line)) is not None]


NAMED = sorted({(str(page), line) for page, text in markdown().items() for line in commands(text)})


@pytest.fixture(scope="module")
def models() -> Callable[[str], ServiceModel]:
    session, kept = Session(), {}

    def model(service: str) -> ServiceModel:
        if service not in kept:
            kept[service] = session.get_service_model(service)
        return kept[service]

    return model


@pytest.mark.parametrize(("page", "line"), NAMED, ids=str)
def test_a_command_of_aws_names_an_operation_and_options_that_there_are(
    page: str, line: str, models: Callable[[str], ServiceModel]
) -> None:
    plain = re.sub(r"'[^']*'|\$\([^)]*\)|\{.*", "x", line)
    text = re.split(r"\)$| [|&>]", plain)[0]
    _, service, operation, *rest = shlex.split(text.replace('"', ""), comments=True)
    if service in HIGH_LEVEL:
        return
    if operation == "wait":
        waiters = Session().get_waiter_model(service).waiter_names
        assert rest[0] in {xform_name(name, "-") for name in waiters}, page
        return
    model = models("stepfunctions" if service == "stepfunctions" else service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, page
    shape = model.operation_model(names[operation]).input_shape
    known = {f"--{xform_name(member, '-')}" for member in (shape.members if shape else ())}
    aliases = ALIASES.get((service, operation), {})
    given = {aliases.get(word, word) for word in (part.split("=")[0] for part in rest) if word.startswith("--")}
    assert given <= known | GLOBAL, page


def test_the_pages_say_how_to_send_dead_webhooks_back_and_name_both_queues() -> None:
    page = markdown()[Path("docs/operations.md")]
    (command,) = (line for line in commands(page) if "start-message-move-task" in line)
    assert "--source-arn" in command
    assert "--destination-arn" in command  # without it SQS does not know where they came from
