"""Each function as it is deployed: its logs, its layers, and an environment with exactly what its code reads."""

from __future__ import annotations

import ast
import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.api.job_serializers import LONGEST_WAIT_S
from audio_gateway.api.job_wait import READING_S
from audio_gateway.deadline import SETTLING_S
from audio_gateway.idempotency.idempotency import CLAIM_MARGIN_S
from audio_gateway.idempotency.repetition import REMEMBERED_S
from audio_gateway.metering.lateness import LATE_WRITE_S
from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS
from audio_gateway.metering.waiting_polls import LIFE_S
from audio_gateway.webhooks.queue import read_message
from audio_gateway.webhooks.sender import TIMEOUT_S
from audio_gateway.workers.scheduled import SWEEP_BUDGET_S
from local.intrinsics import Resolver
from scripts.engine_layers import models_with, read_layers
from tests.infrastructure import template
from tests.infrastructure.conftest import OfType

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
LAYER = ROOT / "layers" / "shared"

# Variables that a library reads itself, and our modules whose import means that the library is used.
POWERTOOLS = {"POWERTOOLS_LOG_LEVEL"}
LOGGING = {
    "audio_gateway.api.http.app",
    "audio_gateway.workers.job_steps",
    "audio_gateway.workers.scheduled",
    "audio_gateway.workers.webhook_delivery",
}
READ_BY_LAMBDA = {"AWS_LAMBDA_EXEC_WRAPPER"}
API_GATEWAY_SECONDS = 29
LAMBDA_SECONDS = 900
REDIRECTS_OF_AN_SDK = 20
FOURTEEN_DAYS_S = 14 * 86_400  # the longest retention of SQS
STEPS = {"job_prepare", "job_speech_chunk", "job_transcription_chunk", "job_merge", "job_end"}
"""The functions that the state machine calls; no caller waits for them."""
STREAMING = {"speech", "transcriptions", "translations", "jobs"}
"""The functions whose responses are streamed, for as long as Lambda lets them run."""

HOLDERS = ("speech", "transcriptions", "translations")
"""The functions that hold prices and claim idempotency keys."""

CLOCKS_DIFFER_SECONDS = 5
ROUNDS_OF_AN_ENDLESS_LOOP = 16
"""After this many rounds through one function, Lambda drops an event, unless RecursiveLoop is Allow."""
ONE_VCPU_MB = 1769
MOST_LAYERS = 5
"""Of a function."""
HOLD, SWEEP = "AUDIO_GATEWAY_HOLD_SECONDS", "AUDIO_GATEWAY_SWEEP_SECONDS"


class Recorder(Mapping[str, str]):
    """An environment that has every variable, and records which ones were read."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return "7"  # valid as a name and as a number of seconds

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("settings are read by name")

    def __len__(self) -> int:
        raise AssertionError("settings are read by name")


def settings_class(folder: str) -> type[Any]:
    """The settings class whose `from_env(os.environ)` the function calls when it starts."""
    tree = ast.parse((ROOT / "functions" / folder / "app.py").read_text())
    names = [
        node.func.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "from_env"
        and isinstance(node.func.value, ast.Name)
    ]
    assert len(names) == 1, f"functions/{folder}/app.py reads its environment {len(names)} times"
    module = next(
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and names[0] in {alias.name for alias in node.names}
    )
    return getattr(importlib.import_module(module), names[0])


def imported_by(folder: str) -> set[str]:
    """The modules of the layer that the function's own file imports."""
    tree = ast.parse((ROOT / "functions" / folder / "app.py").read_text())
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.fixture(scope="session")
def functions() -> dict[str, Any]:
    """The functions in the source, by the name of their folder."""
    return {
        resource["Properties"]["CodeUri"].removeprefix("functions/").strip("/"): resource
        for resource in template.functions().values()
    }


def test_every_folder_is_a_function_and_every_function_has_a_folder(functions: dict[str, Any]) -> None:
    assert sorted(functions) == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_environment_has_exactly_the_variables_that_the_code_reads(
    folder: str, functions: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    environment = Recorder()
    settings_class(folder).from_env(environment)
    expected = set(environment.asked)
    if imported_by(folder) & LOGGING:
        expected |= POWERTOOLS
    properties = functions[folder]["Properties"]
    declared = set(properties["Environment"]["Variables"])
    if folder in CALLS_AWS:
        expected.add("AWS_ENDPOINT_URL")
    assert declared - READ_BY_LAMBDA == expected


@pytest.mark.parametrize(("embedded", "espeak"), [(True, True), (True, False), (False, False)])
def test_the_functions_know_the_engines_that_the_stack_has_layers_of(
    source: dict[str, Any], functions: dict[str, Any], embedded: bool, espeak: bool
) -> None:
    conditions = {"HasEmbeddedEngines": embedded, "HasEspeakNg": espeak}
    folders = {
        ROOT / resource["Properties"]["ContentUri"]
        for resource in source["Resources"].values()
        if resource["Type"] == "AWS::Serverless::LayerVersion" and conditions.get(resource.get("Condition"), True)
    }
    models = sorted(models_with(layer for layer in read_layers(ROOT) if layer.folder in folders))
    for function in functions.values():
        variables = function["Properties"]["Environment"]["Variables"]
        if "AUDIO_GATEWAY_CATALOG" in variables:
            assert sorted(template.decided(variables["AUDIO_GATEWAY_ENGINES"], **conditions).split()) == models


# Functions whose role allows more than writing logs: boto3 reads AWS_ENDPOINT_URL for them.
CALLS_AWS = STEPS | {
    "admin",
    "authorizer",
    "jobs",
    "rollup",
    "speech",
    "sweeper",
    "transcriptions",
    "translations",
    "uploads",
    "usage",
    "webhook_delivery",
    "webhooks",
}


def test_only_functions_that_call_aws_have_rights(source: dict[str, Any], functions: dict[str, Any]) -> None:
    def has_rights(folder: str) -> bool:
        role = source["Resources"][functions[folder]["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
        statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
        return any(statement["Sid"] != "WriteOwnLogs" for statement in statements)

    assert {folder for folder in FOLDERS if has_rights(folder)} == CALLS_AWS


def reads_the_environment(file: Path) -> bool:
    names, text = {"environ", "getenv"}, file.read_text()
    if not any(name in text for name in names):
        return False
    return bool(names & {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)})


def test_only_settings_read_the_environment() -> None:
    package = LAYER / "audio_gateway"
    readers = {str(file.relative_to(package)) for file in package.rglob("*.py") if reads_the_environment(file)}
    deployed = {file for file in readers if not file.startswith("cli/")}  # not in the deployed layer
    # secrets.py: keys that a catalogue names as env:NAME, which the template cannot list. process.py: the path
    # of Lambda's Python library, the only variable that the eSpeak NG process gets. aws.py: the timeout of a local AWS,
    # which is read only if AWS_ENDPOINT_URL is set. inference.py: the number of threads of numpy's library, which can
    # only be set there, and only before numpy is imported. lambda_runtime: what Lambda tells a runtime.
    allowed = {
        "providers/secrets.py",
        "providers/embedded/espeak/process.py",
        "aws/clients.py",
        "inference.py",
        "lambda_runtime/__main__.py",
    }
    assert deployed == allowed


def test_variables_for_tests_are_empty_in_a_deployment(functions: dict[str, Any]) -> None:
    for resource in functions.values():
        assert resource["Properties"]["Environment"]["Variables"].get("AUDIO_GATEWAY_ALLOW_HOSTS", "") == ""


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_function_has_its_own_log_group_with_a_retention(
    folder: str, functions: dict[str, Any], source: dict[str, Any]
) -> None:
    group_name = functions[folder]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
    group = source["Resources"][group_name]
    assert group["Type"] == "AWS::Logs::LogGroup"
    assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert group["Properties"]["LogGroupName"]["Fn::Sub"].endswith(f"/{folder}")


def test_every_log_group_has_a_retention(of_type: OfType) -> None:
    for name, properties in of_type("AWS::Logs::LogGroup").items():
        assert "RetentionInDays" in properties, name


def test_function_folders_contain_only_source(functions: dict[str, Any]) -> None:
    for folder, resource in functions.items():
        assert resource["Metadata"] == {"SkipBuild": True}, folder
        assert not list((ROOT / "functions" / folder).glob("requirements*")), folder


def schedules(functions: dict[str, Any]) -> dict[str, Any]:
    """The intervals of the scheduled functions in seconds, by folder."""
    units = {"minute": 60, "minutes": 60}
    found = {}
    for folder, resource in functions.items():
        for event in resource["Properties"].get("Events", {}).values():
            if event["Type"] == "Schedule":
                assert event["Properties"]["State"] == "ENABLED"
                number, unit = event["Properties"]["Schedule"].removeprefix("rate(").removesuffix(")").split()
                found[folder] = int(number) * units[unit]
    return found


def test_the_sweeper_and_the_roll_up_are_scheduled_and_end_before_their_next_run(functions: dict[str, Any]) -> None:
    seconds = schedules(functions)
    assert set(seconds) == {"rollup", "sweeper"}
    for folder, rate in seconds.items():
        assert functions[folder]["Properties"]["Timeout"] <= rate
    assert functions["sweeper"]["Properties"]["Timeout"] >= SWEEP_BUDGET_S + 15  # to log its results
    assert functions["sweeper"]["Properties"]["Timeout"] <= 60  # audio_gateway.metering.lateness relies on it


def timeouts(functions: dict[str, Any], *, streams: bool) -> dict[str, int]:
    """How many seconds each function may run, by its folder, with this value of ResponseStreaming."""
    return {
        folder: template.decided(resource["Properties"]["Timeout"], StreamsResponses=streams)
        for folder, resource in functions.items()
    }


def holds(functions: dict[str, Any], *, streams: bool) -> dict[str, int]:
    """How many seconds a hold lives by the setting of each function that knows it."""
    found = {folder: resource["Properties"]["Environment"]["Variables"] for folder, resource in functions.items()}
    return {
        folder: int(template.decided(variables[HOLD], StreamsResponses=streams))
        for folder, variables in found.items()
        if HOLD in variables
    }


@pytest.mark.parametrize("streams", [True, False])
def test_functions_agree_on_the_life_of_a_hold_which_outlives_every_request(
    functions: dict[str, Any], streams: bool
) -> None:
    seconds = holds(functions, streams=streams)
    del seconds["rollup"]
    (hold,) = set(seconds.values())
    longest = max(timeouts(functions, streams=streams)[folder] for folder in HOLDERS)
    assert longest + LATE_WRITE_S < hold


def test_the_code_has_the_hold_of_a_stack_that_streams(functions: dict[str, Any]) -> None:
    assert holds(functions, streams=True)["speech"] == REQUEST_HOLD_SECONDS


def test_the_roll_up_waits_for_the_longest_hold_of_either_mode(functions: dict[str, Any]) -> None:
    """A request that began before streaming was turned off may write its row a quarter of an hour later."""
    modes = [holds(functions, streams=streams) for streams in (True, False)]
    longest = max(max(seconds.values()) for seconds in modes)
    assert {seconds["rollup"] for seconds in modes} == {longest}


def test_the_functions_agree_on_the_rate_of_the_sweeper(functions: dict[str, Any]) -> None:
    environments = [resource["Properties"]["Environment"]["Variables"] for resource in functions.values()]
    (sweep,) = {each[SWEEP] for each in environments if SWEEP in each}
    assert int(sweep) == schedules(functions)["sweeper"]


@pytest.mark.parametrize("streams", [True, False])
def test_no_function_runs_longer_than_its_caller_waits(functions: dict[str, Any], streams: bool) -> None:
    unlimited = STEPS | (STREAMING if streams else set())
    for folder, seconds in timeouts(functions, streams=streams).items():
        if folder not in schedules(functions):
            assert seconds <= (LAMBDA_SECONDS if folder in unlimited else API_GATEWAY_SECONDS), folder


def test_an_idempotency_claim_outlives_the_last_write_of_its_request() -> None:
    assert SETTLING_S + LATE_WRITE_S + CLOCKS_DIFFER_SECONDS <= CLAIM_MARGIN_S


def test_a_place_for_a_waiting_poll_outlives_the_wait() -> None:
    """The function runs on to send the result, but the place is free as soon as the wait is over."""
    assert LONGEST_WAIT_S + READING_S < LIFE_S


@pytest.mark.parametrize("folder", HOLDERS)
def test_an_attempt_is_remembered_while_an_earlier_one_runs(functions: dict[str, Any], folder: str) -> None:
    assert timeouts(functions, streams=True)[folder] + LATE_WRITE_S + CLOCKS_DIFFER_SECONDS <= REMEMBERED_S


def test_the_outcome_of_a_call_is_kept_while_an_sdk_follows_its_redirects() -> None:
    assert REDIRECTS_OF_AN_SDK * (LONGEST_WAIT_S + READING_S) < REMEMBERED_S


def test_audio_functions_have_a_whole_vcpu(functions: dict[str, Any]) -> None:
    for folder in ("speech", "transcriptions", "translations", *STEPS):
        assert functions[folder]["Properties"]["MemorySize"] == ONE_VCPU_MB


def layers_of(functions: dict[str, Any], source: dict[str, Any], **parameters: str) -> dict[str, list[str]]:
    """The layers of each function by its folder, without that which all have."""
    names = [name for name, found in source["Resources"].items() if found["Type"] == "AWS::Serverless::LayerVersion"]
    resolver = Resolver({**parameters, **dict(zip(names, names, strict=True))}, {}, source["Conditions"], {})
    found = {}
    for folder, resource in functions.items():
        shared, *engines = resolver.resolve(resource["Properties"]["Layers"])
        assert shared == "SharedLayer"
        if engines:
            found[folder] = engines
    return found


def test_each_function_has_only_the_layers_that_it_uses(functions: dict[str, Any], source: dict[str, Any]) -> None:
    found = layers_of(functions, source, EmbeddedEngines="true", EspeakNg="true")
    assert found == {
        "speech": ["InferenceLayer", "HibariLayer", "EspeakLayer"],
        "transcriptions": ["InferenceLayer", "MoonshineLayer"],
        "translations": ["InferenceLayer", "MoonshineLayer"],
        "voices": ["EspeakLayer"],
        "job_prepare": ["InferenceLayer", "EspeakLayer"],
        "job_speech_chunk": ["InferenceLayer", "HibariLayer", "EspeakLayer"],
        "job_transcription_chunk": ["InferenceLayer", "MoonshineLayer"],
    }
    assert max(map(len, found.values())) <= MOST_LAYERS


def test_without_espeak_ng_only_its_layer_is_left_out(functions: dict[str, Any], source: dict[str, Any]) -> None:
    everything = layers_of(functions, source, EmbeddedEngines="true", EspeakNg="true")
    without = layers_of(functions, source, EmbeddedEngines="true", EspeakNg="false")
    kept = {folder: [name for name in names if name != "EspeakLayer"] for folder, names in everything.items()}
    assert without == {folder: names for folder, names in kept.items() if names}


@pytest.mark.parametrize("espeak_ng", ["true", "false"])
def test_without_engines_no_function_has_their_layers(
    functions: dict[str, Any], source: dict[str, Any], espeak_ng: str
) -> None:
    assert layers_of(functions, source, EmbeddedEngines="false", EspeakNg=espeak_ng) == {}


def test_layers_that_no_function_has_are_not_made(source: dict[str, Any]) -> None:
    conditions = {
        name: found.get("Condition")
        for name, found in source["Resources"].items()
        if found["Type"] == "AWS::Serverless::LayerVersion"
    }
    assert conditions == {
        "SharedLayer": None,
        "InferenceLayer": "HasEmbeddedEngines",
        "HibariLayer": "HasEmbeddedEngines",
        "EspeakLayer": "HasEspeakNg",
        "MoonshineLayer": "HasEmbeddedEngines",
    }


def test_each_layer_has_a_build_target_in_its_makefile(source: dict[str, Any]) -> None:
    for name, resource in source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            makefile = ROOT / resource["Properties"]["ContentUri"] / "Makefile"
            assert f"build-{name}:" in makefile.read_text()


def test_the_layers_are_built_for_the_runtime_that_runs_them(source: dict[str, Any]) -> None:
    version = source["Globals"]["Function"]["Runtime"].removeprefix("python")
    assert f"python_version={version} " in (ROOT / "scripts" / "build-layer").read_text()


def test_the_only_global_variable_separates_the_metrics_of_stacks(source: dict[str, Any]) -> None:
    shared = source["Globals"]["Function"]["Environment"]["Variables"]
    assert shared == {"POWERTOOLS_SERVICE_NAME": {"Ref": "AWS::StackName"}}


def test_lambda_allows_the_loop_of_webhook_retries(of_type: OfType) -> None:
    message = json.loads((ROOT / "events" / "webhook_delivery.json").read_text())["Records"][0]["body"]
    delivery: Any = read_message(message)
    now_s, rounds = 0, 1
    while (delivery := delivery.after_failure(now_s)) is not None:
        while (delay_s := delivery.delay_at(now_s)) > 0:
            now_s, rounds = now_s + delay_s, rounds + 1
    assert rounds > ROUNDS_OF_AN_ENDLESS_LOOP
    loops = {name for name, p in of_type("AWS::Lambda::Function").items() if p.get("RecursiveLoop") == "Allow"}
    assert loops == {"WebhookDeliveryFunction"}


def test_the_webhook_queue_waits_for_its_function_and_loses_no_message(
    functions: dict[str, Any], source: dict[str, Any]
) -> None:
    properties = functions["webhook_delivery"]["Properties"]
    (event,) = properties["Events"].values()
    assert event["Type"] == "SQS"
    assert event["Properties"]["Queue"] == {"Fn::GetAtt": ["WebhookQueue", "Arn"]}
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["Timeout"] > TIMEOUT_S
    queue = source["Resources"]["WebhookQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * properties["Timeout"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["WebhookDeadQueue", "Arn"]}
    dead = source["Resources"]["WebhookDeadQueue"]["Properties"]
    assert dead["MessageRetentionPeriod"] == FOURTEEN_DAYS_S
    assert {queue["SqsManagedSseEnabled"], dead["SqsManagedSseEnabled"]} == {True}
