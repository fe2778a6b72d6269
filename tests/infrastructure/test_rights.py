"""Least privilege: each role allows exactly the calls that the code of its function makes to AWS (rights.py)."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.conftest import OfType
from tests.infrastructure.rights import BY_AWS, EXECUTIONS, ROLES, SECRETS, SSM, USES, Right
from tests.infrastructure.template import ROOT, functions

LAYER = ROOT / "layers" / "shared"
PACKAGE = LAYER / "audio_gateway"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
STEPS = ("JobPrepare", "JobSpeechChunk", "JobTranscriptionChunk", "JobMerge", "JobEnd")
# Roles of no function, which have their own tests.
OTHER_ROLES = {"JobsMachineRole", "ApiGatewayLogRole"}


def plain(resource: dict[str, Any] | str) -> tuple[str, str]:
    """The logical id of a resource, or its text, and the keys of the bucket that it names."""
    if not isinstance(resource, dict):
        return resource, ""
    ((function, argument),) = resource.items()
    if function == "Fn::If":  # the stack's own table or an existing one: test_existing_table.py
        return plain(argument[1])
    if function == "Fn::GetAtt":
        return argument[0], ""
    inside = re.fullmatch(r"\$\{Bucket\.Arn\}/(.+)", argument)
    index = re.fullmatch(r"\$\{Table\.Arn\}(/index/.+)", argument)
    return ("Bucket", inside[1]) if inside else (f"Table{index[1]}", "") if index else (argument, "")


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements_of(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for policy in role.get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]


def scopes_of(statement: dict[str, Any]) -> list[str]:
    """The scopes in a condition. The roles have only two kinds: partitions of the table, and prefixes of listings."""
    condition = statement.get("Condition")
    if condition is None:
        return []
    ((operator, keys),) = condition.items()
    ((key, scopes),) = keys.items()
    assert (operator, key) in {("ForAllValues:StringLike", "dynamodb:LeadingKeys"), ("StringLike", "s3:prefix")}
    return as_list(scopes)


def rights_of(role: dict[str, Any]) -> set[Right]:
    found = set()
    for statement in statements_of(role):
        assert statement["Effect"] == "Allow"
        for resource in as_list(statement["Resource"]):
            name, keys = plain(resource)
            for action in as_list(statement["Action"]):
                found |= {(action, name, scope) for scope in scopes_of(statement) or [keys]}
    return found


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def reached(module: Path) -> frozenset[Path]:
    """Our modules that a module may import, directly or indirectly, at its start or later."""
    found, new = set(), {module}
    while new:
        found |= new
        new = {file for each in new for file in _imported(each)} - found
    return frozenset(found)


@cache
def _imported(module: Path) -> frozenset[Path]:
    names = set()
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    paths = [LAYER / Path(*name.split(".")) for name in names if name.startswith("audio_gateway")]
    return frozenset(p for path in paths for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file())


@cache
def methods(file: Path) -> set[str]:
    return {
        f"{owner.name}.{method.name}"
        for owner in ast.walk(parsed(file))
        if isinstance(owner, ast.ClassDef)
        for method in owner.body
        if isinstance(method, ast.FunctionDef)
    }


def folder_of(role: str) -> Path:
    (folder,) = (
        ROOT / function["Properties"]["CodeUri"]
        for function in functions().values()
        if function["Properties"]["Role"]["Fn::GetAtt"] == [role, "Arn"]
    )
    return folder


def test_every_function_has_its_own_role_and_there_are_no_others(of_type: OfType) -> None:
    roles = [properties["Role"]["Fn::GetAtt"][0] for properties in of_type("AWS::Lambda::Function").values()]
    assert sorted(roles) == sorted(ROLES)
    assert set(of_type("AWS::IAM::Role")) == {*ROLES, *OTHER_ROLES}


@pytest.mark.parametrize("name", ROLES)
def test_a_role_allows_exactly_what_the_code_of_its_function_needs(name: str, of_type: OfType) -> None:
    role = of_type("AWS::IAM::Role")[name]
    needed = set().union(*(USES[use] for use in ROLES[name]), BY_AWS.get(name, set()))
    assert rights_of(role) == needed | {(action, f"{name.removesuffix('Role')}Logs", "") for action in LOGS}
    assert "ManagedPolicyArns" not in role


@pytest.mark.parametrize("use", USES)
def test_the_method_of_a_right_exists_and_a_role_uses_it(use: str) -> None:
    file, _, method = use.partition(":")
    assert method in methods(PACKAGE / file)
    assert [role for role in ROLES if use in ROLES[role]]


@pytest.mark.parametrize("name", ROLES)
def test_a_function_can_reach_the_code_that_its_rights_are_for(name: str) -> None:
    within_reach = reached(folder_of(name) / "app.py")
    for use in ROLES[name]:
        assert PACKAGE / use.partition(":")[0] in within_reach, use


def partitions_in_code() -> Iterator[str]:
    """As patterns: the beginnings of f-strings, and constants that are whole names."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(parsed(file)):
            first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
            text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
            if found := re.fullmatch(r"([A-Z_]+)#(.*)" if first is not node else r"([A-Z_]{4,})()", text):
                yield f"{found[1]}#*" if first is not node else found[1]


def test_the_partitions_in_conditions_are_those_of_the_code(of_type: OfType) -> None:
    rights = set().union(*(rights_of(of_type("AWS::IAM::Role")[name]) for name in ROLES))
    named = {scope for action, _, scope in rights if action.startswith("dynamodb:")}
    written = set(partitions_in_code())
    assert named <= written
    assert {each for each in written if each.endswith("#*")} <= named


@pytest.mark.parametrize("name", ROLES)
def test_no_right_on_the_table_or_the_bucket_is_without_a_scope(name: str, of_type: OfType) -> None:
    for action, resource, scope in rights_of(of_type("AWS::IAM::Role")[name]):
        assert "*" not in action
        assert "*" not in resource or resource in {SSM, SECRETS, EXECUTIONS}
        if resource in {"Bucket", "Table"} or resource.startswith("Table/"):
            assert re.fullmatch(r"[A-Z_]+(#\*)?|[a-z]+/\*", scope), (action, scope)
        # A scan has no partition, so a condition on partitions would allow it; PartiQL would need its own condition.
        assert not re.match(r"dynamodb:(Scan|PartiQL|.*Execute)", action)


def who_may(of_type: OfType, action: str, scope: str) -> set[str]:
    return {
        name.removesuffix("Role")
        for name in ROLES
        for given, _, pattern in rights_of(of_type("AWS::IAM::Role")[name])
        if re.fullmatch(action, given) and pattern == scope
    }


WRITES = r"dynamodb:(Put|Update|Delete|BatchWrite)Item"
READS = r"dynamodb:((Batch)?GetItem|Query)"


def test_only_these_functions_reach_secrets_and_money(of_type: OfType) -> None:
    assert who_may(of_type, READS, "KEY#*") == {"Authorizer"}
    assert who_may(of_type, WRITES, "KEY#*") == {"Admin", "Sweeper"}
    assert who_may(of_type, READS, "WEBHOOKS#*") == {"Webhooks", "WebhookDelivery"}
    assert who_may(of_type, r"dynamodb:(Put|Delete)Item", "WEBHOOKS#*") == {"Webhooks"}
    assert who_may(of_type, r"dynamodb:UpdateItem", "WEBHOOKS#*") == {"Webhooks", "WebhookDelivery"}
    assert who_may(of_type, r"dynamodb:(Update|Delete)Item", "LEDGER#*") == set()
    assert who_may(of_type, r"dynamodb:DeleteItem", "ACCOUNT#*") == {"Sweeper"}
    assert who_may(of_type, r"dynamodb:Query", "KEYS#*") == {"Admin", "Usage"}  # names, for the ledger
    assert who_may(of_type, r"dynamodb:Query", "OPEN_HOLDS#*") == {"Sweeper"}
    assert who_may(of_type, WRITES, "USAGE#*") == who_may(of_type, r"dynamodb:DeleteItem", "ROLLUP") == {"Rollup"}


def test_only_job_functions_read_job_files(of_type: OfType) -> None:
    readers = who_may(of_type, "s3:GetObject", "jobs/*")
    assert readers == {"Jobs", *STEPS}


def test_the_state_machine_may_invoke_only_its_steps(of_type: OfType) -> None:
    role = of_type("AWS::IAM::Role")["JobsMachineRole"]
    assert rights_of(role) == {("lambda:InvokeFunction", f"{step}Function", "") for step in STEPS}
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "states.amazonaws.com"}
    assert "ManagedPolicyArns" not in role


def test_only_lambda_can_assume_the_roles_of_functions(of_type: OfType) -> None:
    for name in ROLES:
        document = of_type("AWS::IAM::Role")[name]["AssumeRolePolicyDocument"]
        (statement,) = document["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_only_api_gateway_and_schedules_may_invoke_the_functions(of_type: OfType) -> None:
    permissions = of_type("AWS::Lambda::Permission")
    assert permissions
    for name, properties in permissions.items():
        is_scheduled = properties["FunctionName"].get("Ref") in {"RollupFunction", "SweeperFunction"}
        caller = "events.amazonaws.com" if is_scheduled else "apigateway.amazonaws.com"
        assert properties["Principal"] == caller, name
        assert "SourceArn" in properties, name


def test_the_only_resource_policy_denies_access_without_tls(of_type: OfType) -> None:
    (policy,) = of_type("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_template_contains_no_account_id_or_key(rendered: dict[str, Any]) -> None:
    text = json.dumps(rendered)
    assert not re.search(r"\b\d{12}\b|AKIA[A-Z0-9]{16}|sk-[A-Za-z0-9_-]{20}", text)


def test_the_deployment_page_names_the_roles_that_need_kms_decrypt() -> None:
    readers = {name for name, uses in ROLES.items() if "providers/secrets.py:Secrets.__call__" in uses}
    page = " ".join((ROOT / "docs" / "deployment.md").read_text("utf-8").split())
    (sentence,) = re.findall(
        r"allow `kms:Decrypt` in that key's policy to the (\w+) roles that read them: ([^(]+)\(", page
    )
    assert sentence[0] == {5: "five"}[len(readers)]
    assert set(re.findall(r"`(\w+)`", sentence[1])) == readers
