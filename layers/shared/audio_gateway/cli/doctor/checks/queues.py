"""Queued webhook events, and those that could not be delivered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.metrics import highest

_QUEUE: Final = "AWS::SQS::Queue"
_MOST_AGE_S: Final = 3_600
"""The queue redelivers each event every 15 minutes: an event that waited for an hour is not being processed."""


def _dead_letters(context: CheckContext) -> str:
    stack = context.stack
    waiting = {}
    for logical_id, dead in _dead_queues(context).items():
        for name in dead:
            count = int(_attributes(context, name)["ApproximateNumberOfMessages"])
            if count:
                waiting[name] = (count, logical_id)
    if not waiting:
        return "the dead letter queues are empty"
    message = ", ".join(f"{count} event{'' if count == 1 else 's'} in {name}" for name, (count, _) in waiting.items())
    name, (_, source) = next(iter(waiting.items()))
    dead_arn, source_arn = _attributes(context, name)["QueueArn"], _attributes(context, source)["QueueArn"]
    again = f"aws sqs start-message-move-task --source-arn {dead_arn} --destination-arn {source_arn}"
    back = stack.remedy(f"once it is fixed, send them back: {again}")
    raise CheckFailed(message, f"{stack.logs_of('webhook_delivery').removesuffix('.')}; {back[0].lower()}{back[1:]}")


def _redrive(context: CheckContext) -> str:
    wrong, seen = [], []
    for logical_id, written in context.stack.of_type(_QUEUE).items():
        if "RedrivePolicy" not in written:
            continue
        found = json.loads(_attributes(context, logical_id).get("RedrivePolicy", "{}"))
        wanted = context.stack.value(written["RedrivePolicy"]["maxReceiveCount"])
        if str(found.get("maxReceiveCount")) != str(wanted):
            wrong.append(
                f"{logical_id} gives up on a message after {found.get('maxReceiveCount', 'no')} tries, not {wanted}"
            )
        seen.append(f"{logical_id} after {wanted} tries")
    if wrong:
        raise CheckFailed(", ".join(wrong), context.stack.redeploy_advice())
    return ", ".join(seen)


def _age(context: CheckContext) -> str:
    oldest = {}
    for logical_id in _dead_queues(context):
        name = context.stack.physical[logical_id].rpartition("/")[2]
        age = highest(context.stack, "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": name})
        oldest[logical_id] = age or 0
    late = {name: age for name, age in oldest.items() if age > _MOST_AGE_S}
    if late:
        message = ", ".join(f"the oldest event in {name} has waited {age:.0f} s" for name, age in late.items())
        raise CheckFailed(message, context.stack.logs_of("webhook_delivery"))
    return f"no event has waited more than {_MOST_AGE_S} s"


def _source(context: CheckContext) -> str:
    client, seen = context.stack.client("lambda"), []
    for written in context.stack.of_type("AWS::Lambda::EventSourceMapping").values():
        function = written["FunctionName"]["Ref"]
        mappings = client.list_event_source_mappings(FunctionName=context.stack.physical[function])[
            "EventSourceMappings"
        ]
        states = [mapping.get("State") for mapping in mappings]
        if "Enabled" not in states:
            uuids = " ".join(mapping["UUID"] for mapping in mappings)
            do = (
                f"aws lambda update-event-source-mapping --enabled --uuid {uuids}"
                if uuids
                else "Deploy the stack again."
            )
            message = f"{function} does not read its queue: {states or 'it has no event source mapping'}"
            raise CheckFailed(message, context.stack.remedy(do))
        seen.append(function)
    return f"{', '.join(seen)} reads its queue" if seen else "no function reads a queue"


def _dead_queues(context: CheckContext) -> dict[str, list[str]]:
    """Return the queues that have dead letter queues, with the logical ids of those."""
    found = {}
    for logical_id, written in context.stack.of_type(_QUEUE).items():
        target: Mapping[str, Any] = written.get("RedrivePolicy", {}).get("deadLetterTargetArn", {})
        if "Fn::GetAtt" in target:
            found[logical_id] = [str(target["Fn::GetAtt"][0])]
    if not found:
        raise CheckSkipped("the stack has no dead letter queue")
    return found


def _attributes(context: CheckContext, logical_id: str) -> Mapping[str, str]:
    url = context.stack.physical[logical_id]
    found: Mapping[str, str] = context.stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    return found


QUEUES: Final = CheckGroup(
    "Queues",
    (
        Check("dead-letters", "no webhook event is undeliverable", _dead_letters),
        Check("queue-redrive", "events that cannot be processed go to the dead letter queue", _redrive),
        Check("queue-age", "webhook events are processed in time", _age, not_local="the local SQS keeps no metrics"),
        Check("queue-source", "the function of the queue reads it", _source),
    ),
)
