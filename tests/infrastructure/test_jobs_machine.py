"""The state machine of jobs: its definition is valid, calls its functions, retries, and keeps its state small."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from audio_gateway.jobs.job import JOB_KEPT_SECONDS
from audio_gateway.jobs.plan import MOST_LANES, MOST_TASKS, ChunkSpan, JobPlan
from audio_gateway.use_cases.jobs.kinds.registry import KindName
from audio_gateway.workers.job_steps import DIED, NOT_STARTED, Permanent, Retryable, Throttled
from tests.infrastructure.conftest import OfType
from tests.infrastructure.step_functions import JOB, Account, Clock, Execution, matches, pause, run_together

pytestmark = pytest.mark.slow

DEFINITION = Path(__file__).parents[2] / "statemachine" / "jobs.asl.json"
STEPS = {"PrepareArn": "JobPrepare", "MergeArn": "JobMerge", "EndArn": "JobEnd"}
CHUNKS: dict[KindName, tuple[str, str]] = {
    "speech": ("SpeechChunkArn", "JobSpeechChunk"),
    "transcription": ("TranscriptionChunkArn", "JobTranscriptionChunk"),
}
"""The substitution and the function for the chunks of each kind of job."""
INVOKE = "arn:${Partition}:states:::lambda:invoke"
LAMBDA_SECONDS = 900
DAY_S = 86_400
WILDCARD = "States.ALL"
HISTORY_EVENTS = 25_000
"""Quota of Step Functions. An execution that exceeds it fails, and no state can catch that."""
EVENTS_OF_A_TRY = 3  # LambdaFunctionScheduled, -Started and how it ended; TaskScheduled, … of `lambda:invoke`
TASK_EVENTS = 2 + EVENTS_OF_A_TRY  # TaskStateEntered, TaskStateExited
GIVEN_UP_STATE_EVENTS = 2  # PassStateEntered, PassStateExited
GIVEN_UP_EVENTS = 2 + TASK_EVENTS + GIVEN_UP_STATE_EVENTS  # MapIterationStarted, MapIterationSucceeded
MAP_EVENTS = 4  # MapStateEntered, -Started, -Succeeded, -Exited
LANE_EVENTS = 2 + MAP_EVENTS
KIND_EVENTS = 4  # ChoiceStateEntered, -Exited, PassStateEntered, -Exited
MACHINE_EVENTS = 2 + KIND_EVENTS + MAP_EVENTS + 1  # ExecutionStarted and its end, the map of lanes, FailStateEntered


def most_retries(task: dict[str, Any]) -> int:
    """How many retries a task has, with all its retriers together."""
    return sum(retrier["MaxAttempts"] for retrier in task["Retry"])


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    return json.loads(DEFINITION.read_text("utf-8"))


def machines(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine and all machines in its maps."""
    yield definition
    for state in definition["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


def states(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for machine in machines(definition) for name, state in machine["States"].items()}


def tasks(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for name, state in states(definition).items() if state["Type"] == "Task"}


def created(text: str) -> str:
    """The machine's ARN. moto has AWS's grammar of the language, and accepts or refuses the definition."""
    pytest.importorskip(
        "antlr4", reason="SKIPPED LOUDLY: install requirements/dev.txt again, it has moto[stepfunctions]"
    )
    import boto3
    from moto import mock_aws

    for name in (*STEPS, *dict(CHUNKS.values())):
        text = text.replace(f"${{{name}}}", f"arn:aws:lambda:us-east-1:123456789012:function:{name}")
    text = text.replace("${Partition}", "aws")
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client(
            "stepfunctions", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        role = "arn:aws:iam::123456789012:role/machine"
        answer = client.create_state_machine(name="jobs", definition=text, roleArn=role)
        return str(answer["stateMachineArn"])


def test_step_functions_accepts_the_definition() -> None:
    assert created(DEFINITION.read_text("utf-8")).endswith(":jobs")


@pytest.mark.parametrize(("right", "wrong"), [('"StartAt": "Lane"', '"Start": "Lane"'), ('"Pass"', '"Pas"')])
def test_step_functions_refuses_a_wrong_definition(right: str, wrong: str) -> None:
    from botocore.exceptions import ClientError

    text = DEFINITION.read_text("utf-8")
    assert right in text
    with pytest.raises(ClientError):
        created(text.replace(right, wrong))


def test_every_state_is_reachable_and_every_next_exists(definition: dict[str, Any]) -> None:
    for machine in machines(definition):
        reached, ahead = set(), [machine["StartAt"]]
        while ahead:
            name = ahead.pop()
            if name in reached:
                continue
            reached.add(name)
            state = machine["States"][name]
            ahead += [state["Next"]] if "Next" in state else []
            ahead += [each["Next"] for each in (*state.get("Catch", ()), *state.get("Choices", ()))]
            ahead += [state["Default"]] if "Default" in state else []
            ends = state["Type"] in {"Fail", "Succeed", "Choice"}
            assert ("Next" in state) + bool(state.get("End")) + ends == 1, name
        assert reached == set(machine["States"])


def test_the_substitutions_name_the_step_functions(definition: dict[str, Any], of_type: OfType) -> None:
    assert {task["Resource"] for task in tasks(definition).values()} == {INVOKE, *(f"${{{name}}}" for name in STEPS)}
    (machine,) = of_type("AWS::StepFunctions::StateMachine").values()
    substitutions = machine["DefinitionSubstitutions"]
    assert substitutions == {
        **{name: {"Fn::GetAtt": [f"{function}Function", "Arn"]} for name, function in STEPS.items()},
        **{name: {"Fn::GetAtt": [f"{function}Function", "Arn"]} for name, function in CHUNKS.values()},
        "Partition": {"Ref": "AWS::Partition"},  # an ARN of AWS's own, which differs in China and GovCloud
    }
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["RoleArn"] == {"Fn::GetAtt": ["JobsMachineRole", "Arn"]}


def test_a_task_has_a_timeout_and_retries(definition: dict[str, Any]) -> None:
    for name, task in tasks(definition).items():
        # A little longer than the function may run, so Lambda reports how it ended.
        assert LAMBDA_SECONDS < task["TimeoutSeconds"] <= LAMBDA_SECONDS + 60, name
        *_, last = task["Retry"]
        assert last["ErrorEquals"] == [WILDCARD], name
        for retry in task["Retry"]:
            waits = NOT_STARTED[0] in retry["ErrorEquals"]  # jitter could shorten its hours to minutes
            jitter = None if waits or retry["MaxAttempts"] == 0 else "FULL"
            assert retry.get("JitterStrategy") == jitter, name


def test_retriers_name_only_errors_that_functions_raise(definition: dict[str, Any]) -> None:
    ours = {Permanent.__name__, Retryable.__name__, Throttled.__name__}
    named = {
        name
        for task in tasks(definition).values()
        for retry in task["Retry"]
        for name in retry["ErrorEquals"]
        if name not in {WILDCARD, *NOT_STARTED, *DIED}
    }
    assert named <= ours
    for name in ("Prepare", "Chunk", "Merge"):
        first = tasks(definition)[name]["Retry"][0]
        assert (first["ErrorEquals"], first["MaxAttempts"]) == ([Permanent.__name__], 0)


def retrier(task: dict[str, Any], error: str) -> dict[str, Any]:
    """The retrier for an error: the first that matches, even if it has no retry left."""
    return next(each for each in task["Retry"] if matches(each, error))


@pytest.mark.parametrize("error", NOT_STARTED)
def test_throttled_calls_wait_without_using_up_other_retries(error: str, definition: dict[str, Any]) -> None:
    for name, task in tasks(definition).items():
        waits = retrier(task, error)
        assert set(waits["ErrorEquals"]) == set(NOT_STARTED), name
        assert sum(pause(waits, tried) for tried in range(waits["MaxAttempts"])) >= 3_600, name


OUT_OF_TIME = ("Sandbox.Timedout", "States.Timeout")


@pytest.mark.parametrize("error", OUT_OF_TIME)
def test_a_step_that_timed_out_is_not_retried(error: str, definition: dict[str, Any]) -> None:
    tries = {name: retrier(task, error)["MaxAttempts"] for name, task in tasks(definition).items()}
    assert tries == {"Prepare": 0, "Chunk": 0, "Merge": 0, "End": 1}


@pytest.mark.parametrize("error", sorted(set(DIED) - set(OUT_OF_TIME)))
def test_a_step_whose_process_died_is_retried_once(error: str, definition: dict[str, Any]) -> None:
    for name, task in tasks(definition).items():
        assert retrier(task, error)["MaxAttempts"] == 1, name


def test_all_retries_of_all_tasks_fit_into_the_history(definition: dict[str, Any]) -> None:
    chunk = states(definition)["Chunk"]
    tasks_of_chunks = MOST_TASKS * (GIVEN_UP_EVENTS + EVENTS_OF_A_TRY * most_retries(chunk))
    others = [definition["States"][name] for name in ("Prepare", "Merge", "End")]
    steps = sum(TASK_EVENTS + EVENTS_OF_A_TRY * most_retries(step) for step in others)
    all_events = tasks_of_chunks + MOST_LANES * LANE_EVENTS + steps + MACHINE_EVENTS
    assert all_events <= HISTORY_EVENTS * 0.9


def test_the_event_constants_agree_with_the_simulation(definition: dict[str, Any]) -> None:
    run = simulated(definition, [[0, 1], [2]], Account(10, 1.0).call, "transcription")
    assert (run.status, run.events) == (
        "SUCCEEDED",
        3 * (GIVEN_UP_EVENTS - GIVEN_UP_STATE_EVENTS) + 2 * LANE_EVENTS + 2 * TASK_EVENTS + MACHINE_EVENTS - 1,
    )


@pytest.mark.parametrize("kind", get_args(KindName))
def test_each_kind_of_job_has_its_own_function_for_chunks(kind: KindName, definition: dict[str, Any]) -> None:
    called: list[tuple[str, dict[str, Any]]] = []

    def function(resource: str, data: dict[str, Any]) -> Generator[float, None, None]:
        called.append((resource, data))
        yield 1.0

    run = simulated(definition, [[7]], function, kind)
    substitution, _ = CHUNKS[kind]
    assert run.status == "SUCCEEDED"
    assert called[1] == (f"${{{substitution}}}", {**JOB, "number": 7})
    assert [resource for resource, _ in called] == ["${PrepareArn}", f"${{{substitution}}}", "${MergeArn}"]


def test_a_job_that_was_deleted_before_it_was_prepared_has_no_chunks(definition: dict[str, Any]) -> None:
    run = simulated(definition, [], Account(1, 1.0).call, None)
    assert (run.status, run.given_up) == ("SUCCEEDED", [])


def test_an_execution_that_uses_up_all_retries_fits_into_its_history(definition: dict[str, Any]) -> None:
    errors = [NOT_STARTED[0]] * 7 + [Throttled.__name__] * 5 + ["Retryable"] * 4
    lanes = JobPlan(0, tuple(ChunkSpan(0, 1) for _ in range(MOST_TASKS))).lanes(MOST_LANES)
    left: dict[int, list[str]] = {}

    def fails(_resource: str, data: dict[str, Any]) -> Generator[float, None, str | None]:
        yield 1.0
        if "number" not in data:
            return None
        return left.setdefault(data["number"], list(errors)).pop(0)

    run = simulated(definition, lanes, fails, "speech")
    assert (len(run.given_up), run.status) == (MOST_TASKS, "SUCCEEDED")
    assert not any(left.values())
    assert run.events <= HISTORY_EVENTS * 0.9


def test_an_execution_ends_within_a_day_even_with_all_retries(definition: dict[str, Any]) -> None:
    most_s = sum(
        sum(pause(r, tried) for r in task["Retry"] for tried in range(r["MaxAttempts"]))
        + task["TimeoutSeconds"] * (1 + most_retries(task) - retrier(task, NOT_STARTED[0])["MaxAttempts"])
        for task in tasks(definition).values()
    )
    assert most_s + 3600 <= definition["TimeoutSeconds"] <= DAY_S < JOB_KEPT_SECONDS - DAY_S


def simulated(
    definition: dict[str, Any], lanes: list[list[int]], function: Callable[..., Any], kind: KindName | None
) -> Execution:
    clock = Clock()
    run = Execution(definition, function, clock, random.Random(1), {"kind": kind, "lanes": lanes})
    run_together([run], clock)
    return run


@pytest.mark.parametrize(
    ("environments", "jobs", "lanes", "chunks"),
    [(10, 1, 10, 30), (8, 1, 10, 30), (8, 2, 10, 30), (8, 3, 5, 60), (6, 2, 5, 60)],
)
def test_jobs_on_an_account_with_few_environments_lose_no_chunk(
    environments: int, jobs: int, lanes: int, chunks: int, definition: dict[str, Any]
) -> None:
    # A chunk takes four minutes. A new account has ten environments, shared with callers and other jobs.
    for seed in range(3):
        clock, account, chance = Clock(), Account(environments, 240), random.Random(seed)
        prepared = {"kind": "speech", "lanes": [list(range(lane, chunks, lanes)) for lane in range(lanes)]}
        runs = [Execution(definition, account.call, clock, chance, prepared) for _ in range(jobs)]
        run_together(runs, clock)
        assert [(run.status, run.given_up) for run in runs] == [("SUCCEEDED", [])] * jobs
        assert clock.now < definition["TimeoutSeconds"]
        assert account.refused > 0 or environments >= jobs * lanes


def test_every_failure_ends_the_job(definition: dict[str, Any]) -> None:
    for name, state in definition["States"].items():
        if state["Type"] in {"Task", "Map"} and name != "End":
            (catcher,) = state["Catch"]
            assert (catcher["ErrorEquals"], catcher["Next"]) == ([WILDCARD], "End"), name


def test_the_end_step_receives_the_error(definition: dict[str, Any]) -> None:
    assert definition["States"]["End"]["Parameters"]["error.$"] == "$.error.Error"
    ways = [c for state in definition["States"].values() for c in state.get("Catch", ()) if c["Next"] == "End"]
    assert {each["ResultPath"] for each in ways} == {"$.error"}


def test_a_chunk_that_is_given_up_does_not_stop_the_others(definition: dict[str, Any]) -> None:
    (catcher,) = states(definition)["Chunk"]["Catch"]
    assert catcher["ErrorEquals"] == [WILDCARD]


def test_the_output_of_chunks_is_not_kept_in_the_state(definition: dict[str, Any]) -> None:
    inner = states(definition)
    assert all(inner[name]["OutputPath"] is None for name in ("Chunk", "ChunkFailed", "Lane"))
    assert definition["States"]["Lanes"]["ResultPath"] is None
    assert definition["States"]["Merge"]["ResultPath"] is None


def test_the_definition_uses_only_features_of_the_local_stack(definition: dict[str, Any]) -> None:
    lacking = {"ItemBatcher", "ItemReader", "ResultWriter", "MaxConcurrencyPath", "TimeoutSecondsPath"}
    for machine in machines(definition):
        for state in machine["States"].values():
            assert not lacking & set(state)
            if "ItemProcessor" in state:
                assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}
