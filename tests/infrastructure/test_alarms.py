"""The alarms: each names the next step, has a section in docs/operations.md, and uses metrics that are emitted."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.infrastructure import template
from tests.infrastructure.conftest import OfType
from tests.infrastructure.template import ROOT

OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text("utf-8")
ALARMS = {
    *(
        "ApiErrors",
        "ProviderFailures",
        "Fallbacks",
        "Budgets",
        "UnsettledAnswers",
        "SweeperFailures",
        "SweeperSilent",
        "BackgroundErrors",
        "FailedJobs",
    ),
    *("InterruptedJobs", "DeadWebhooks", "LateWebhooks", "Recursion", "Throttles", "Concurrency"),
}
BACKGROUND_FUNCTIONS = {"SweeperFunction", "RollupFunction", "JobEndFunction", "WebhookDeliveryFunction"}


@pytest.fixture(scope="module")
def alarms(of_type_of_module: OfType) -> dict[str, Any]:
    """The alarms' properties by name."""
    return {
        name.removesuffix("Alarm"): properties
        for name, properties in of_type_of_module("AWS::CloudWatch::Alarm").items()
    }


@pytest.fixture(scope="module")
def of_type_of_module(rendered: dict[str, Any]) -> OfType:
    return lambda kind: {name: r["Properties"] for name, r in rendered.items() if r["Type"] == kind}


def metrics_of(alarm: dict[str, Any]) -> list[tuple[str, str, list[Any]]]:
    """(namespace, name, dimensions) of each metric that CloudWatch bills an alarm for."""
    if "MetricName" in alarm:
        return [(alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions", []))]
    metrics = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [(metric["Namespace"], metric["MetricName"], metric.get("Dimensions", [])) for metric in metrics]


def test_the_template_has_exactly_the_documented_alarms(alarms: dict[str, Any]) -> None:
    assert set(alarms) == ALARMS


def test_alarms_are_created_only_with_a_topic_to_notify(rendered: dict[str, Any], source: dict[str, Any]) -> None:
    for resource in rendered.values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert resource["Condition"] == "HasAlarms"
            assert resource["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopicArn"}]
    assert source["Parameters"]["AlarmTopicArn"]["Default"] == ""


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_description_names_the_next_step_and_its_section_in_the_docs(
    name: str, alarms: dict[str, Any]
) -> None:
    description = alarms[name]["AlarmDescription"]
    assert re.search(r"\. Next: \S", description)
    assert description.endswith(f"See docs/operations.md, {name}.")
    assert len(description) <= 1024  # the limit of CloudWatch
    assert alarms[name]["AlarmName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
    runs_by_itself = name == "SweeperSilent"  # it needs no calls, so missing data means a failure
    assert alarms[name]["TreatMissingData"] == ("breaching" if runs_by_itself else "notBreaching")


def test_operations_md_has_one_section_for_each_alarm() -> None:
    section = re.split(r"\n##+ [^#]", OPERATIONS.split("\n### Alarms\n", 1)[1].replace("\n#### ", "\n§ "), maxsplit=1)[
        0
    ]
    assert set(re.findall(r"^§ (\w+)$", section, flags=re.MULTILINE)) == ALARMS


def test_alarms_on_our_own_metrics_use_metrics_that_the_code_emits_for_this_stack(alarms: dict[str, Any]) -> None:
    source = "".join(path.read_text() for path in (ROOT / "layers/shared/audio_gateway").rglob("*.py"))
    for name, alarm in alarms.items():
        for namespace, metric, dimensions in metrics_of(alarm):
            if namespace == "AudioGateway":
                assert re.search(rf'\b{metric}=|"{metric}"', source), name
                assert {"Name": "service", "Value": {"Ref": "AWS::StackName"}} in dimensions, name


def test_an_alarm_evaluates_one_value(alarms: dict[str, Any]) -> None:
    for name, alarm in alarms.items():
        if "Metrics" in alarm:
            assert [each["Id"] for each in alarm["Metrics"] if each.get("ReturnData", True)] == ["value"], name


def test_background_errors_are_watched_for_the_functions_that_nothing_else_covers(
    alarms: dict[str, Any],
) -> None:
    watched = {
        dimension["Value"]["Ref"]
        for namespace, metric, dimensions in metrics_of(alarms["BackgroundErrors"])
        for dimension in dimensions
        if (namespace, metric) == ("AWS/Lambda", "Errors")
    }
    assert watched == BACKGROUND_FUNCTIONS


def test_the_costs_page_counts_alarm_metrics_as_cloudwatch_does(alarms: dict[str, Any]) -> None:
    count = sum(len(metrics_of(alarm)) for alarm in alarms.values())
    assert f"{count} alarm metrics" in DEPLOYMENT


def test_the_costs_page_counts_our_own_metrics(source: dict[str, Any]) -> None:
    routes = str(source["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"])
    answers = [name for name in template.functions() if f"${{{name}.Arn}}" in routes]
    classes = len(("2xx", "3xx", "4xx", "5xx"))
    of_audio = 3 * len(("ProviderLatency", "Characters or AudioMilliseconds"))
    of_the_service = len(
        ("ProviderFailures", "Fallbacks", "UnsettledAnswers kept", "UnsettledAnswers lost", "BudgetsNearlySpent")
    )
    of_the_sweeper = len(("HoldsReleased", "HoldsSwept", "HoldsAbandoned", "JobsInterrupted", "SweepFailures"))
    most = (len(answers) * len(("Requests", "Latency")) + of_audio) * classes + of_the_service + of_the_sweeper
    page = DEPLOYMENT.replace("\n", " ")
    assert f"{most} metrics at most" in page
    assert "and one for each provider that fails" in page


def test_a_budget_without_a_topic_is_refused(source: dict[str, Any], rendered: dict[str, Any]) -> None:
    (rule,) = source["Rules"].values()
    assert "MonthlyBudgetUsd" in str(rule["RuleCondition"])
    assert "AlarmTopicArn" in str(rule["Assertions"])
    assert rendered["Budget"]["Condition"] == "HasBudget"
    for notification in rendered["Budget"]["Properties"]["NotificationsWithSubscribers"]:
        assert notification["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": "AlarmTopicArn"}}]


def test_the_documented_topic_policy_lets_the_accounts_budgets_and_alarms_publish() -> None:
    text = OPERATIONS.split('--attribute-value "', 1)[1].split('}"\n', 1)[0].replace('\\"', '"') + "}"
    (statement,) = json.loads(text)["Statement"]
    assert statement["Principal"]["Service"] == ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    assert statement["Action"] == "SNS:Publish"  # SNS refuses a policy with actions that are not of a topic
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "$ACCOUNT"}}


def test_a_requested_web_acl_is_associated_with_the_stage(rendered: dict[str, Any]) -> None:
    association = rendered["WebAclAssociation"]
    assert association["Condition"] == "HasWebAcl"
    assert association["Properties"]["ResourceArn"]["Fn::Sub"].endswith("/restapis/${Api}/stages/${Apiv1Stage}")
    acl = rendered["WebAcl"]["Properties"]
    (rule,) = acl["Rules"]
    assert rule["Statement"]["RateBasedStatement"] == {
        "Limit": {"Ref": "WafRequestsPerFiveMinutes"},
        "AggregateKeyType": "IP",
    }
    assert not rule["VisibilityConfig"]["SampledRequestsEnabled"]  # samples show the callers' keys
