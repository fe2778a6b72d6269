"""The sample events, samconfig.toml, and the parameters and outputs of the template."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.jobs.job import is_job_id
from audio_gateway.webhooks.queue import read_message
from audio_gateway.webhooks.webhook import is_endpoint_id

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
SCHEDULED = ["rollup", "sweeper"]
STEPS = [name for name in FUNCTIONS if name.startswith("job_")]
PROXY = [name for name in FUNCTIONS if name not in {"authorizer", "webhook_delivery", *SCHEDULED, *STEPS}]


def event_of(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "events" / f"{name}.json").read_text("utf-8"))


def test_every_function_has_a_sample_event() -> None:
    assert sorted(path.stem for path in (ROOT / "events").glob("*.json")) == FUNCTIONS


@pytest.mark.parametrize("name", PROXY)
def test_a_proxy_event_has_a_route_of_the_template_and_names_its_caller(name: str, rendered: dict[str, Any]) -> None:
    event = event_of(name)
    routes = {
        path
        for resource in rendered.values()
        if resource["Type"] == "AWS::ApiGateway::RestApi"
        for path in resource["Properties"]["Body"]["paths"]
    }
    assert event["resource"] in routes
    context = event["requestContext"]
    assert context["path"] == "/v1" + event["path"]
    assert context["stage"] == "v1"
    caller = context["authorizer"]
    assert caller["kind"] == ("admin" if event["resource"].startswith("/organization/") else "api")
    assert caller["key_id"] == caller["principalId"]
    assert {"project_id", "organization_id"} <= set(caller)


@pytest.mark.parametrize("name", PROXY)
def test_the_headers_of_an_event_are_consistent(name: str) -> None:
    event = event_of(name)
    assert event["multiValueHeaders"] == {header: [value] for header, value in event["headers"].items()}
    if event["body"] is not None:
        assert event["isBase64Encoded"] is True  # this API treats all types as binary
        assert int(event["headers"]["Content-Length"]) == len(base64.b64decode(event["body"], validate=True))


def test_the_speech_event_contains_json() -> None:
    request = json.loads(base64.b64decode(event_of("speech")["body"]))
    assert {"model", "voice", "input"} <= set(request)


@pytest.mark.parametrize(("name", "magic"), [("transcriptions", b"\xff\xf3"), ("translations", b"OggS")])
def test_an_upload_event_contains_a_real_recording(name: str, magic: bytes) -> None:
    event = event_of(name)
    body = base64.b64decode(event["body"])
    boundary = event["headers"]["Content-Type"].partition("boundary=")[2].encode()
    assert body.endswith(b"--" + boundary + b"--\r\n")
    file = body.partition(b'name="file"')[2].partition(b"\r\n\r\n")[2]
    assert file[:3] == b"ID3" or file.startswith(magic)


@pytest.mark.parametrize("name", SCHEDULED)
def test_a_scheduled_event_names_the_rule_of_its_function(name: str) -> None:
    event = event_of(name)
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert f":rule/audio-gateway-{name.capitalize()}Function" in event["resources"][0]


@pytest.mark.parametrize("name", STEPS)
def test_the_event_of_a_step_names_a_job(name: str) -> None:
    event = event_of(name)
    assert is_job_id(event.pop("job_id"))
    assert event.pop("project_id") == "default"
    assert event == ({"number": 0} if name.endswith("_chunk") else {})


def test_the_queue_event_contains_a_webhook_message() -> None:
    (record,) = event_of("webhook_delivery")["Records"]
    assert record["eventSource"] == "aws:sqs"
    delivery = read_message(record["body"])
    assert is_job_id(delivery.event.job_id)
    assert is_endpoint_id(delivery.endpoint_id)


def test_the_authorizer_event_contains_a_placeholder_key() -> None:
    event = event_of("authorizer")
    assert event["type"] == "REQUEST"
    assert event["methodArn"].startswith("arn:aws:execute-api:")
    assert event["headers"]["Authorization"] == "Bearer sk-YOUR_KEY"
    assert "authorizer" not in event["requestContext"]


def test_samconfig_has_its_sections(samconfig: dict[str, Any]) -> None:
    assert set(samconfig) - {"version"} == {"default", "local", "dev", "prod"}


def test_samconfig_sets_only_parameters_that_exist(samconfig: dict[str, Any], source: dict[str, Any]) -> None:
    for section in ("dev", "prod"):
        for override in samconfig[section]["deploy"]["parameters"].get("parameter_overrides", []):
            name, value = override.split("=", 1)
            definition = source["Parameters"][name]
            if "AllowedValues" in definition:
                assert value in map(str, definition["AllowedValues"]), override


def test_samconfig_contains_no_account_and_no_region(samconfig: dict[str, Any]) -> None:
    text = json.dumps(samconfig)
    assert "region" not in text
    assert not any(word.isdigit() and len(word) == 12 for word in text.split('"'))


def test_no_build_is_cached(samconfig: dict[str, Any]) -> None:
    # SAM's cache ignores ARCHITECTURE: layers for one architecture would be deployed on the other.
    assert "cached" not in json.dumps(samconfig)


def test_every_parameter_has_a_default_and_a_description(source: dict[str, Any]) -> None:
    for name, parameter in source["Parameters"].items():
        assert "Default" in parameter, name
        assert len(parameter["Description"]) > len(name), name


def test_the_outputs_are_what_an_operator_needs(source: dict[str, Any]) -> None:
    assert set(source["Outputs"]) == {
        *("ApiBaseUrl", "ApiId", "TableName", "BucketName", "FirstKey"),
        *("JobsMachineArn", "WebhookQueueArn", "WebhookDeadQueueArn"),
    }
