"""The state machine of jobs: that it is one, that it calls its functions, and that its state stays small."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.api.job_steps import GivenUp, TryAgain, TryLater

DEFINITION = Path(__file__).parents[2] / "statemachine" / "jobs.asl.json"
STEPS = {"PrepareArn": "JobPrepare", "ChunkArn": "JobChunk", "MergeArn": "JobMerge", "EndArn": "JobEnd"}
LAMBDA_SECONDS = 900
WILDCARD = "States.ALL"


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    return json.loads(DEFINITION.read_text("utf-8"))


def machines(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine and all that are in its maps."""
    yield definition
    for state in definition["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def states(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for machine in machines(definition) for name, state in machine["States"].items()}


def tasks(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for name, state in states(definition).items() if state["Type"] == "Task"}


def created(text: str) -> str:
    """The machine's ARN: AWS's grammar of the language, as moto has it, takes the definition or refuses it."""
    pytest.importorskip(
        "antlr4", reason="SKIPPED LOUDLY: install requirements/dev.txt anew, it has moto[stepfunctions]"
    )
    import boto3
    from moto import mock_aws

    for name in STEPS:
        text = text.replace(f"${{{name}}}", f"arn:aws:lambda:us-east-1:123456789012:function:{name}")
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client(
            "stepfunctions", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        role = "arn:aws:iam::123456789012:role/machine"
        answer = client.create_state_machine(name="jobs", definition=text, roleArn=role)
        return str(answer["stateMachineArn"])


def test_step_functions_takes_the_definition():
    assert created(DEFINITION.read_text("utf-8")).endswith(":jobs")


@pytest.mark.parametrize(("right", "wrong"), [('"StartAt": "Lane"', '"Start": "Lane"'), ('"Pass"', '"Pas"')])
def test_the_check_of_the_definition_can_fail(right, wrong):
    from botocore.exceptions import ClientError

    text = DEFINITION.read_text("utf-8")
    assert right in text
    with pytest.raises(ClientError):
        created(text.replace(right, wrong))


def test_every_state_is_reached_and_every_next_exists(definition):
    for machine in machines(definition):
        reached, ahead = set(), [machine["StartAt"]]
        while ahead:
            name = ahead.pop()
            if name in reached:
                continue
            reached.add(name)
            state = machine["States"][name]
            ahead += [state["Next"]] if "Next" in state else []
            ahead += [catcher["Next"] for catcher in state.get("Catch", ())]
            assert ("Next" in state) + bool(state.get("End")) + (state["Type"] in {"Fail", "Succeed"}) == 1, name
        assert reached == set(machine["States"])


def test_the_substitutions_are_the_functions(definition, of_type):
    assert {task["Resource"] for task in tasks(definition).values()} == {f"${{{name}}}" for name in STEPS}
    (machine,) = of_type("AWS::StepFunctions::StateMachine").values()
    substitutions = machine["DefinitionSubstitutions"]
    assert {name: value["Fn::GetAtt"] for name, value in substitutions.items()} == {
        name: [f"{function}Function", "Arn"] for name, function in STEPS.items()
    }
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["RoleArn"] == {"Fn::GetAtt": ["JobsMachineRole", "Arn"]}


def test_a_task_ends_and_is_tried_again(definition):
    for name, task in tasks(definition).items():
        # A little longer than the function may run, so that it is the function that says how it ended.
        assert LAMBDA_SECONDS < task["TimeoutSeconds"] <= LAMBDA_SECONDS + 60, name
        *_, last = task["Retry"]
        assert last["ErrorEquals"] == [WILDCARD], name
        for retry in task["Retry"]:
            assert retry["MaxAttempts"] == 0 or retry["JitterStrategy"] == "FULL", name


def test_the_names_of_errors_are_those_that_functions_raise(definition):
    ours = {GivenUp.__name__, TryAgain.__name__, TryLater.__name__}
    named = {
        name
        for task in tasks(definition).values()
        for retry in task["Retry"]
        for name in retry["ErrorEquals"]
        if name != WILDCARD
    }
    assert named <= ours
    for name in ("Prepare", "Chunk", "Merge"):
        first = tasks(definition)[name]["Retry"][0]
        assert (first["ErrorEquals"], first["MaxAttempts"]) == ([GivenUp.__name__], 0)


def test_whatever_fails_ends_the_job(definition):
    for name, state in definition["States"].items():
        if state["Type"] in {"Task", "Map"} and name != "End":
            (catcher,) = state["Catch"]
            assert (catcher["ErrorEquals"], catcher["Next"]) == ([WILDCARD], "End"), name


def test_a_chunk_that_is_given_up_stops_no_other(definition):
    (catcher,) = states(definition)["Chunk"]["Catch"]
    assert catcher["ErrorEquals"] == [WILDCARD]


def test_nothing_of_a_chunk_stays_in_the_state(definition):
    inner = states(definition)
    assert all(inner[name]["OutputPath"] is None for name in ("Chunk", "GivenUp", "Lane"))
    assert definition["States"]["Lanes"]["ResultPath"] is None
    assert definition["States"]["Merge"]["ResultPath"] is None


def test_only_what_the_local_stack_has_too_is_used(definition):
    lacking = {"ItemBatcher", "ItemReader", "ResultWriter", "MaxConcurrencyPath", "TimeoutSecondsPath"}
    for machine in machines(definition):
        assert "TimeoutSeconds" not in machine
        for state in machine["States"].values():
            assert not lacking & set(state)
            if "ItemProcessor" in state:
                assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}
