"""`audio-gateway logs`: the log lines of one request in all functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from audio_gateway.cli import logs
from audio_gateway.cli.gateway import Gateway
from tests.unit.cli.operator import run
from tests.unit.cli.shapes import assert_documented

REQUEST = "req_c3d34d3abae44a27ad1259dbf796a844"
AS_UUID = "c3d34d3a-bae4-4a27-ad12-59dbf796a844"
SPOKEN = {
    "level": "INFO", "location": "report:112", "message": "request", "timestamp": "2026-11-30 10:00:00,123+0000",
    "service": "audio-gateway", "request_id": REQUEST, "status": 200, "model": "espeak-ng", "characters": 34,
}  # fmt: skip
FAILED = SPOKEN | {"level": "ERROR", "message": "unexpected error", "error": "KeyError"}


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STACK_FILE", str(tmp_path / "stack.json"))
    log = tmp_path / "stack.log"
    lines = [("SpeechFunction", SPOKEN), ("JobsFunction", SPOKEN | {"request_id": "req_0"}), ("SpeechFunction", FAILED)]
    log.write_text("".join(f"{name} | {json.dumps(line)}\n" for name, line in lines))
    return log


def test_only_the_lines_of_the_request_are_shown(local: Path) -> None:
    first, second = run("logs", REQUEST).stdout.splitlines()
    assert first == "2026-11-30 10:00:00,123+0000 SpeechFunction: request status=200 model=espeak-ng characters=34"
    assert "ERROR unexpected error" in second
    assert "error=KeyError" in second


def test_an_id_in_api_gateways_format_is_accepted(local: Path) -> None:
    assert run("logs", AS_UUID).stdout == run("logs", REQUEST).stdout != ""


def test_scripts_get_every_field(local: Path) -> None:
    data = json.loads(run("logs", REQUEST, "--json").stdout)
    assert_documented(data)
    assert [line["fields"]["status"] for line in data["data"]] == [200, 200]


def test_no_match_sets_the_exit_code(local: Path) -> None:
    result = run("logs", "job_01a1fe717d88ac9c89cc8320", code=1)
    assert result.stdout == ""
    assert "--since" in result.stderr


def test_without_a_local_stack_the_next_step_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_FILE", str(tmp_path / "stack.json"))
    assert "make run" in run("logs", REQUEST, code=1).stderr


@pytest.mark.parametrize("wrong", ["hello", "req_1", 'job_" or 1', "*"])
def test_an_invalid_id_is_refused(local: Path, wrong: str) -> None:
    assert "x-request-id" in run("logs", wrong, code=2).stderr


def test_a_table_has_no_logs() -> None:
    assert "--stack-name" in run("logs", REQUEST, "--table", "t", code=2).stderr


# ---------------------------------------------------------------- on AWS
class Cloud:
    """Clients of CloudFormation and CloudWatch Logs with the results of one query."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *statuses: str, results: list[Any]) -> None:
        import boto3

        session = boto3.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="eu-central-1")
        self.clients = {name: session.client(name) for name in ("cloudformation", "logs")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        group = "AWS::Logs::LogGroup"
        resources = {"/aws/lambda/gw/speech": group, "/aws/apigateway/gw": group, "t": "AWS::DynamoDB::Table"}
        common = {"ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": "2026-11-30T00:00:00Z"}
        summaries = [
            {"LogicalResourceId": name, "PhysicalResourceId": name, "ResourceType": kind, **common}
            for name, kind in resources.items()
        ]
        self.stubs["cloudformation"].add_response("list_stack_resources", {"StackResourceSummaries": summaries})
        self.stubs["logs"].add_response("start_query", {"queryId": "q"})
        for status in statuses:
            found = results if status == "Complete" else []
            self.stubs["logs"].add_response("get_query_results", {"status": status, "results": found})
        for stub in self.stubs.values():
            stub.activate()
        self.asked: dict[str, Any] = {}
        self.clients["logs"].meta.events.register("provide-client-params.cloudwatch-logs.StartQuery", self._note)
        monkeypatch.setattr(Gateway, "client", lambda _, service: self.clients[service])
        monkeypatch.setattr(logs, "_PAUSE_S", 0)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.asked = params


def test_all_log_groups_are_queried_for_both_spellings(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "@timestamp": "2026-11-30 10:00:00.123",
        "@log": "1:/aws/lambda/gw/speech",
        "@message": json.dumps(SPOKEN) + "\n",
    }
    results = [[{"field": name, "value": value} for name, value in row.items()]]
    cloud = Cloud(monkeypatch, "Scheduled", "Running", "Complete", results=results)
    shown = run("logs", REQUEST, "--stack-name", "gw", "--since", "2h").stdout
    assert shown == "2026-11-30 10:00:00.123 speech: request status=200 model=espeak-ng characters=34\n"
    assert cloud.asked["logGroupNames"] == ["/aws/lambda/gw/speech", "/aws/apigateway/gw"]
    assert all(f'"{spelling}"' in cloud.asked["queryString"] for spelling in (REQUEST, AS_UUID))
    assert 7_200 <= cloud.asked["endTime"] - cloud.asked["startTime"] <= 7_202


def test_a_failed_query_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    Cloud(monkeypatch, "Running", "Timeout", results=[])
    assert "Timeout" in run("logs", REQUEST, "--stack-name", "gw", code=1).stderr
