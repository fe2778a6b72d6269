from __future__ import annotations

from typing import Any

from local.deployment import LocalDeployment, deployable
from local.functions import DeployedFunction
from local.template import Template, from_rendered


def template(**resources: dict[str, Any]) -> Template:
    rendered = {
        "Resources": resources,
        "Parameters": {"Days": {"Type": "Number", "Default": 30}},
        "Conditions": {"Always": {"Fn::Equals": ["a", "a"]}},
    }
    return from_rendered(rendered, "template.yaml")


def test_the_local_aws_gets_all_resources_that_this_process_does_not_serve() -> None:
    found = deployable(
        template(
            Api={"Type": "AWS::ApiGateway::RestApi"},
            Account={"Type": "AWS::ApiGateway::Account"},
            Layer={"Type": "AWS::Lambda::LayerVersion"},
            Allow={"Type": "AWS::Lambda::Permission"},
            EveryMinute={"Type": "AWS::Events::Rule"},
            Work={
                "Type": "AWS::Lambda::Function",
                "DependsOn": ["Account", "Table"],
                "Properties": {"Code": {"S3Bucket": "local", "S3Key": "x"}, "Layers": ["a"], "Timeout": 29},
            },
            Mapping={"Type": "AWS::Lambda::EventSourceMapping", "DependsOn": "Api"},
            Table={"Type": "AWS::DynamoDB::Table", "Condition": "Always"},
        )
    )

    resources = found["Resources"]
    assert set(resources) == {"Work", "Mapping", "Table"}
    assert resources["Work"]["Properties"] == {"Code": {"ZipFile": "# runs in the local stack"}, "Timeout": 29}
    assert resources["Work"]["DependsOn"] == ["Table"]
    assert "DependsOn" not in resources["Mapping"]
    assert found["Parameters"] == {"Days": {"Type": "String", "Default": "30"}}
    assert found["Conditions"] == {"Always": {"Fn::Equals": ["a", "a"]}}


def test_a_bucket_policy_loses_only_its_tls_statement() -> None:
    tls = {"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    other = {"Effect": "Deny", "Action": "s3:DeleteBucket"}

    def policy(*statements: dict[str, Any]) -> dict[str, Any]:
        return {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {"Statement": list(statements)}}}

    original = template(Both=policy(tls, other), Tls=policy(tls))
    resources = deployable(original)["Resources"]

    assert resources == {"Both": policy(other)}
    assert original.resources["Tls"] == policy(tls)


def test_the_resolver_has_parameters_pseudo_parameters_physical_ids_layers_and_functions() -> None:
    rendered = template(
        SharedLayer1={"Type": "AWS::Lambda::LayerVersion"},
        Table={"Type": "AWS::DynamoDB::Table"},
        Work={"Type": "AWS::Lambda::Function"},
    )
    work = DeployedFunction("work-1", "arn:work", "app.handler", "arn:role", 128, 3, {})
    found = LocalDeployment("000000000000", {"Work": work}, {"Table": "table-1", "Work": "work-1"})

    resolver = found.resolver(rendered, "us-east-1")

    names = ["Days", "AWS::Region", "AWS::AccountId", "Table", "SharedLayer1", "Work"]
    assert [resolver.resolve({"Ref": name}) for name in names] == [
        "30",
        "us-east-1",
        "000000000000",
        "table-1",
        "SharedLayer1",
        "work-1",
    ]
    assert resolver.resolve({"Fn::GetAtt": ["Work", "Arn"]}) == "arn:work"
    assert found.only(rendered, "AWS::DynamoDB::Table") == "table-1"


def test_numeric_parameters_are_converted_and_monitoring_is_left_out() -> None:
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"ScalingConfig": {"MaximumConcurrency": {"Ref": "Most"}}},
    }
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {}}
    rendered = {
        "Parameters": {"Most": {"Type": "Number", "Default": 10}},
        "Resources": {"Messages": mapping, "Alarm": alarm},
    }
    resources = deployable(from_rendered(rendered, "template.yaml"))["Resources"]
    assert set(resources) == {"Messages"}
    assert resources["Messages"]["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 10}
