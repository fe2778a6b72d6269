"""Streamed responses: one parameter decides on everything that a function and its routes must agree on."""

from __future__ import annotations

import itertools
import os
import re
from typing import Any

import pytest

from tests.infrastructure.template import ROOT, decided

STREAMING = {"SpeechFunction", "TranscriptionsFunction", "TranslationsFunction", "JobsFunction"}
WRAPPER = "/opt/stream-bootstrap"
LONGEST_STREAM_S = 900
"""API Gateway's limit for a streamed response, and Lambda's for a function."""

BUFFERED_S = 29
"""API Gateway's limit for a buffered response, and what it waits if an integration names no time."""

FUNCTION_OF_URI = re.compile(
    r"arn:\$\{AWS::Partition\}:apigateway:\$\{AWS::Region\}:lambda:path/"
    r"(?P<version>[\d-]+)/functions/\$\{(?P<function>\w+)\.Arn\}/(?P<call>[\w-]+)"
)

Operation = tuple[str, str, dict[str, Any]]
"""A path, a method of it, and the integration."""


def operations(resources: dict[str, Any]) -> list[Operation]:
    (api,) = (found["Properties"] for found in resources.values() if found["Type"] == "AWS::ApiGateway::RestApi")
    return [
        (path, method, operation["x-amazon-apigateway-integration"])
        for path, methods in api["Body"]["paths"].items()
        for method, operation in methods.items()
    ]


def uri_of(integration: dict[str, Any]) -> re.Match[str]:
    found = FUNCTION_OF_URI.fullmatch(integration["uri"]["Fn::Sub"])
    assert found is not None, integration["uri"]
    return found


@pytest.fixture(params=[True, False], ids=["streamed", "buffered"])
def streams(request: pytest.FixtureRequest) -> bool:
    """The value of the parameter ResponseStreaming."""
    return bool(request.param)


@pytest.fixture
def resources(streams: bool, rendered: dict[str, Any]) -> dict[str, Any]:
    """The resources that CloudFormation makes with this value."""
    return decided(rendered, StreamsResponses=streams)


def test_responses_are_streamed_unless_the_operator_says_otherwise(source: dict[str, Any]) -> None:
    parameter = source["Parameters"]["ResponseStreaming"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("true", ["true", "false"])
    assert source["Conditions"]["StreamsResponses"] == {"Fn::Equals": [{"Ref": "ResponseStreaming"}, "true"]}


def test_every_route_of_the_four_functions_is_streamed_and_no_other_is(
    resources: dict[str, Any], streams: bool
) -> None:
    """An invocation does not say which mode its route has, so the routes of a function must not differ."""
    modes: dict[str, set[str | None]] = {}
    for _, _, integration in operations(resources):
        modes.setdefault(uri_of(integration)["function"], set()).add(integration.get("responseTransferMode"))
    for name in STREAMING:
        assert modes.pop(name) == {"STREAM" if streams else "BUFFERED"}, name
    assert set(itertools.chain(*modes.values())) == {None}


def test_the_uri_of_a_route_calls_its_function_in_the_mode_of_the_route(resources: dict[str, Any]) -> None:
    for path, method, integration in operations(resources):
        streamed = integration.get("responseTransferMode") == "STREAM"
        uri = uri_of(integration)
        expected = ("2021-11-15", "response-streaming-invocations") if streamed else ("2015-03-31", "invocations")
        assert (uri["version"], uri["call"]) == expected, (method, path)


def test_a_route_waits_as_long_as_its_function_may_run(resources: dict[str, Any]) -> None:
    for path, method, integration in operations(resources):
        name = uri_of(integration)["function"]
        streamed = integration.get("responseTransferMode") == "STREAM"
        waits_s = integration.get("timeoutInMillis", BUFFERED_S * 1000) / 1000
        runs_s = resources[name]["Properties"]["Timeout"]
        assert waits_s == (LONGEST_STREAM_S if streamed else BUFFERED_S), (method, path)
        assert runs_s == waits_s if name in STREAMING else runs_s <= waits_s, (method, path)


def test_exactly_the_functions_behind_streamed_routes_run_our_runtime(resources: dict[str, Any]) -> None:
    streamed = {
        uri_of(integration)["function"]
        for _, _, integration in operations(resources)
        if integration.get("responseTransferMode") == "STREAM"
    }
    wrappers = {
        name: found["Properties"]["Environment"]["Variables"].get("AWS_LAMBDA_EXEC_WRAPPER")
        for name, found in resources.items()
        if found["Type"] == "AWS::Lambda::Function"
    }
    assert {name for name, wrapper in wrappers.items() if wrapper} == streamed
    assert {wrappers[name] for name in STREAMING} == {WRAPPER if streamed else ""}


@pytest.mark.parametrize(("embedded", "espeak"), [(True, True), (True, False), (False, False)])
def test_a_function_with_our_runtime_has_the_layer_that_contains_it(
    rendered: dict[str, Any], embedded: bool, espeak: bool
) -> None:
    conditions = {"HasEmbeddedEngines": embedded, "HasEspeakNg": espeak, "StreamsResponses": True}
    for name in STREAMING:
        layers = decided(rendered[name]["Properties"]["Layers"], **conditions)
        assert layers.count({"Ref": shared_layer(rendered)}) == 1, name


def test_the_shared_layer_contains_our_runtime(source: dict[str, Any]) -> None:
    """Lambda runs the wrapper only if its owner may execute it; layers are unpacked in /opt."""
    folder = ROOT / source["Resources"]["SharedLayer"]["Properties"]["ContentUri"]
    script = WRAPPER.removeprefix("/opt/")
    assert os.access(folder / script, os.X_OK)
    assert re.search(rf'install -m 755 .*"\$\(ARTIFACTS_DIR\)/{script}"', (folder / "Makefile").read_text("utf-8"))


def shared_layer(rendered: dict[str, Any]) -> str:
    """The id that SAM made of SharedLayer."""
    (name,) = (name for name in rendered if re.fullmatch(r"SharedLayer[0-9a-f]+", name))
    return name


def test_streamed_routes_are_not_cached(rendered: dict[str, Any]) -> None:
    """API Gateway caches no streamed response."""
    (stage,) = (found["Properties"] for found in rendered.values() if found["Type"] == "AWS::ApiGateway::Stage")
    assert not any("CachingEnabled" in settings for settings in stage["MethodSettings"])
    assert "CacheClusterEnabled" not in stage
