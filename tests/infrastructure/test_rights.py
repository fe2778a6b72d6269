"""Least privilege: what each role may do, written out a second time, so that a change must be meant."""

from __future__ import annotations

import json

import pytest

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
SSM = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/audio-gateway/*"
SECRETS = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:audio-gateway/*"
PROVIDER_KEYS = {("ssm:GetParameter", SSM), ("secretsmanager:GetSecretValue", SECRETS)}
RESULTS = "${Bucket.Arn}/results/*"

# Beside writing to its own log group.
ALLOWED = {
    "AuthorizerRole": {("dynamodb:GetItem", "Table.Arn")},
    "SpeechRole": {("s3:PutObject", RESULTS), ("s3:GetObject", RESULTS), *PROVIDER_KEYS},
    "TranscriptionsRole": PROVIDER_KEYS,
    "TranslationsRole": PROVIDER_KEYS,
    "ModelsRole": set(),
    "VoicesRole": set(),
}

# A star stands for names that are not known when the stack is deployed: of results, and of the operator's own keys.
STARS = {SSM, SECRETS, RESULTS}


def plain(resource):
    if isinstance(resource, dict):
        ((function, argument),) = resource.items()
        return ".".join(argument) if function == "Fn::GetAtt" else argument
    return resource


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements_of(role):
    return [s for policy in role.get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]


def rights_of(role):
    return {
        (action, plain(resource))
        for statement in statements_of(role)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def test_every_function_has_a_role_of_its_own(of_type):
    roles = [properties["Role"]["Fn::GetAtt"][0] for properties in of_type("AWS::Lambda::Function").values()]
    assert sorted(roles) == sorted(ALLOWED)


@pytest.mark.parametrize("name", ALLOWED)
def test_a_role_allows_exactly_what_its_function_needs(name, of_type):
    role = of_type("AWS::IAM::Role")[name]
    own_group = f"{name.removesuffix('Role')}Logs.Arn"
    assert rights_of(role) == ALLOWED[name] | {(action, own_group) for action in LOGS}
    assert "ManagedPolicyArns" not in role


def test_only_justified_stars(of_type):
    for name, role in of_type("AWS::IAM::Role").items():
        for action, resource in rights_of(role):
            assert "*" not in action, name
            assert "*" not in resource or resource in STARS, name


def test_only_lambda_takes_the_roles_of_functions(of_type):
    for name in ALLOWED:
        document = of_type("AWS::IAM::Role")[name]["AssumeRolePolicyDocument"]
        (statement,) = document["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_only_api_gateway_may_call_the_functions(of_type):
    permissions = of_type("AWS::Lambda::Permission")
    assert permissions
    for name, properties in permissions.items():
        assert properties["Principal"] == "apigateway.amazonaws.com", name
        assert "SourceArn" in properties, name


def test_no_right_is_given_by_a_resource_policy_but_one_refusal(of_type):
    (policy,) = of_type("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_no_account_id_or_key_stands_in_the_template(rendered):
    import re

    text = json.dumps(rendered)
    assert not re.search(r"\b\d{12}\b|AKIA[A-Z0-9]{16}|sk-[A-Za-z0-9_-]{20}", text)
