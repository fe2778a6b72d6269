"""Webhooks on their way, and those that found nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.metrics import highest
from audio_gateway.cli.doctor.visit import Visit

_QUEUE: Final = "AWS::SQS::Queue"
_MOST_AGE_S: Final = 3_600
"""Each event is looked at every quarter of an hour: one that has waited for four of them is not being worked on."""


def _dead_letters(visit: Visit) -> str:
    stack = visit.stack
    waiting = {}
    for logical_id, dead in _dead_queues(visit).items():
        for name in dead:
            count = int(_attributes(visit, name)["ApproximateNumberOfMessages"])
            if count:
                waiting[name] = (count, logical_id)
    if not waiting:
        return "no event is waiting to be looked at"
    message = ", ".join(f"{count} event{'' if count == 1 else 's'} in {name}" for name, (count, _) in waiting.items())
    name, (_, source) = next(iter(waiting.items()))
    dead_arn, source_arn = _attributes(visit, name)["QueueArn"], _attributes(visit, source)["QueueArn"]
    again = f"aws sqs start-message-move-task --source-arn {dead_arn} --destination-arn {source_arn}"
    back = stack.mended_by(f"once it is mended, send them back: {again}")
    raise Red(message, f"{stack.logs_of('webhook_delivery').removesuffix('.')}; {back[0].lower()}{back[1:]}")


def _redrive(visit: Visit) -> str:
    wrong, seen = [], []
    for logical_id, written in visit.stack.of_type(_QUEUE).items():
        if "RedrivePolicy" not in written:
            continue
        found = json.loads(_attributes(visit, logical_id).get("RedrivePolicy", "{}"))
        wanted = visit.stack.value(written["RedrivePolicy"]["maxReceiveCount"])
        if str(found.get("maxReceiveCount")) != str(wanted):
            wrong.append(
                f"{logical_id} gives a message up after {found.get('maxReceiveCount', 'no')} tries, not {wanted}"
            )
        seen.append(f"{logical_id} after {wanted} tries")
    if wrong:
        raise Red(", ".join(wrong), visit.stack.deploy_again())
    return ", ".join(seen)


def _age(visit: Visit) -> str:
    oldest = {}
    for logical_id in _dead_queues(visit):
        name = visit.stack.physical[logical_id].rpartition("/")[2]
        age = highest(visit.stack, "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": name})
        oldest[logical_id] = age or 0
    late = {name: age for name, age in oldest.items() if age > _MOST_AGE_S}
    if late:
        message = ", ".join(f"the oldest event in {name} waits for {age:.0f} s" for name, age in late.items())
        raise Red(message, visit.stack.logs_of("webhook_delivery"))
    return f"no event waits for more than {_MOST_AGE_S} s"


def _source(visit: Visit) -> str:
    client, seen = visit.stack.client("lambda"), []
    for written in visit.stack.of_type("AWS::Lambda::EventSourceMapping").values():
        function = written["FunctionName"]["Ref"]
        mappings = client.list_event_source_mappings(FunctionName=visit.stack.physical[function])["EventSourceMappings"]
        states = [mapping.get("State") for mapping in mappings]
        if "Enabled" not in states:
            uuids = " ".join(mapping["UUID"] for mapping in mappings)
            do = (
                f"aws lambda update-event-source-mapping --enabled --uuid {uuids}"
                if uuids
                else "Deploy the stack again."
            )
            message = f"{function} takes nothing from its queue: {states or 'there is no mapping'}"
            raise Red(message, visit.stack.mended_by(do))
        seen.append(function)
    return f"{', '.join(seen)} takes what comes" if seen else "no function reads a queue"


def _dead_queues(visit: Visit) -> dict[str, list[str]]:
    """The queues that have a dead letter queue, with its logical id."""
    found = {}
    for logical_id, written in visit.stack.of_type(_QUEUE).items():
        target: Mapping[str, Any] = written.get("RedrivePolicy", {}).get("deadLetterTargetArn", {})
        if "Fn::GetAtt" in target:
            found[logical_id] = [str(target["Fn::GetAtt"][0])]
    if not found:
        raise Skip("the stack has no queue with dead letters")
    return found


def _attributes(visit: Visit, logical_id: str) -> Mapping[str, str]:
    url = visit.stack.physical[logical_id]
    found: Mapping[str, str] = visit.stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    return found


QUEUES: Final = Group(
    "Queues",
    (
        Check("dead-letters", "no webhook event was given up", _dead_letters),
        Check("queue-redrive", "what cannot be worked on is put aside", _redrive),
        Check("queue-age", "webhook events do not wait", _age, not_local="the local SQS keeps no metrics"),
        Check("queue-source", "the function behind the queue takes what comes", _source),
    ),
)
