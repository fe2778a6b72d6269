"""What each function may do: by its role, by whatever stands above it, and by its log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from audio_gateway.cli.doctor.catalogue import catalogue_of
from audio_gateway.cli.doctor.check import Check, Group, Red, Skip
from audio_gateway.cli.doctor.stack import absent
from audio_gateway.cli.doctor.visit import Visit

_ROLE: Final = "AWS::IAM::Role"
_AT_ONCE: Final = 6
_KEYS_OF_ITEMS: Final = "dynamodb:LeadingKeys"
_DENIED: Final = '?AccessDenied ?"not authorized" ?ClientError'
_LOOKED_AT: Final = timedelta(hours=1)
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class _Statement:
    """What a role lets a function do. `policy` is the inline policy's name."""

    role: str
    policy: str
    sid: str
    actions: frozenset[str]
    resources: tuple[str, ...]
    condition: Mapping[str, Any]


def _policies(visit: Visit) -> str:
    wrong, count = [], 0
    for logical_id, policy, statements in _written(visit):
        found = {each.sid: each.actions for each in _statements(visit, logical_id, policy)}
        for written in statements:
            count += 1
            missing = sorted(_list(written["Action"]) - found.get(written.get("Sid", ""), frozenset()))
            if missing:
                wrong.append(f"{logical_id} lacks {', '.join(missing)} ({written.get('Sid')})")
    if wrong:
        raise Red("; ".join(wrong[:_TOLD]), visit.stack.deploy_again())
    return f"{count} statements, as in the template"


def _decisions(visit: Visit) -> str:
    """As IAM decides, a permissions boundary and the organisation's policies included."""
    statements = [each for logical_id, policy, _ in _written(visit) for each in _statements(visit, logical_id, policy)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        denied = [found for each in pool.map(lambda statement: _denied(visit, statement), statements) for found in each]
    if denied:
        do = "Is there a permissions boundary, or a policy of the organisation? It must allow what the role allows."
        raise Red("; ".join(denied[:_TOLD]), do)
    return f"{len(statements)} statements, all allowed"


def _denied(visit: Visit, statement: _Statement) -> Iterator[str]:
    iam = visit.stack.client("iam")
    role = iam.get_role(RoleName=visit.stack.physical[statement.role])["Role"]["Arn"]
    answer = iam.simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=sorted(statement.actions),
        ResourceArns=[resource.replace("*", "x") for resource in statement.resources],
        ContextEntries=list(_context(statement.condition)),
    )
    for result in answer["EvaluationResults"]:
        if result["EvalDecision"] != "allowed":
            why = " by the organisation" if not _of_organisation(result) else ""
            yield f"{statement.role} may not {result['EvalActionName']} ({statement.sid}){why}"


def _of_organisation(result: Mapping[str, Any]) -> bool:
    return bool(result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True))


def _context(condition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A request as the condition wants it."""
    for keys in condition.values():
        for key, values in keys.items():
            yield {
                "ContextKeyName": key,
                "ContextKeyType": "stringList" if key == _KEYS_OF_ITEMS else "string",
                "ContextKeyValues": [str(_first(values)).replace("*", "x")],
            }


def _written(visit: Visit) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    """Each role's inline policy as the template says it: the role's logical id, its name, and its statements."""
    for logical_id, properties in visit.stack.of_type(_ROLE).items():
        for policy in properties.get("Policies", []):
            yield logical_id, policy["PolicyName"], policy["PolicyDocument"]["Statement"]


def _statements(visit: Visit, logical_id: str, policy: str) -> list[_Statement]:
    """Each statement of a role's policy as IAM has it."""
    role = visit.stack.physical[logical_id]
    gone = Red(f"{logical_id} has lost its policy {policy}", visit.stack.deploy_again())
    with absent("NoSuchEntity", then=gone):
        document = visit.stack.client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    return [
        _Statement(
            logical_id,
            policy,
            each.get("Sid", ""),
            _list(each["Action"]),
            tuple(sorted(_list(each["Resource"]))),
            each.get("Condition", {}),
        )
        for each in document["Statement"]
    ]


def _list(value: str | Iterable[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


def _first(values: Any) -> Any:
    return values if isinstance(values, str) else next(iter(values))


def _denials(visit: Visit) -> str:
    stack = visit.stack
    since = int((datetime.now(UTC) - _LOOKED_AT).timestamp() * 1000)
    groups = [
        stack.physical[name]
        for name in stack.of_type("AWS::Logs::LogGroup")
        if stack.physical[name].startswith("/aws/lambda/")
    ]

    def denied(group: str) -> bool:
        logs = stack.client("logs")
        return bool(
            logs.filter_log_events(logGroupName=group, startTime=since, filterPattern=_DENIED, limit=1)["events"]
        )

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [group for group, is_denied in zip(groups, pool.map(denied, groups), strict=True) if is_denied]
    if found:
        read = (
            f"aws logs filter-log-events --log-group-name {found[0]} --start-time {since} --filter-pattern '{_DENIED}'"
        )
        raise Red(f"AWS has denied something to {', '.join(found)}", f"{read} --region {stack.region}")
    return f"nothing was denied in the last hour, by {len(groups)} logs"


def _provider_keys(visit: Visit) -> str:
    seen = []
    for provider in {model.provider.id: model.provider for model in catalogue_of(visit).models.values()}.values():
        kind, _, name = (provider.api_key or "").partition(":")
        if kind == "ssm":
            seen.append(_readable(visit, provider.api_key or "", "ssm:GetParameter", _parameter_arn(visit, name)))
        elif kind == "secret":
            name = name.partition("#")[0]
            seen.append(
                _readable(visit, provider.api_key or "", "secretsmanager:GetSecretValue", _secret_arn(visit, name))
            )
        elif kind == "env" and not visit.stack.local:
            message = f"the provider '{provider.id}' has its key in {provider.api_key}, which no deployed function has"
            raise Red(message, "Put it into Parameter Store, and name it ssm:/audio-gateway/…: docs/deployment.md.")
    if not seen:
        raise Skip("no provider of the catalogue has a key that AWS keeps")
    return f"{', '.join(seen)} can be read"


def _parameter_arn(visit: Visit, name: str) -> str:
    client = visit.stack.client("ssm")
    pages = client.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}])
    if not pages["Parameters"]:
        command = f"aws ssm put-parameter --type SecureString --name {name} --value … --region {visit.stack.region}"
        raise Red(f"the catalogue names ssm:{name}, which does not exist", command)
    role = visit.stack.client("sts").get_caller_identity()
    partition, account = role["Arn"].split(":")[1], role["Account"]
    return f"arn:{partition}:ssm:{visit.stack.region}:{account}:parameter{name if name.startswith('/') else f'/{name}'}"


def _secret_arn(visit: Visit, name: str) -> str:
    command = f"aws secretsmanager create-secret --name {name} --secret-string … --region {visit.stack.region}"
    gone = Red(f"the catalogue names secret:{name}, which does not exist", command)
    with absent("ResourceNotFoundException", then=gone):
        return str(visit.stack.client("secretsmanager").describe_secret(SecretId=name)["ARN"])


def _readable(visit: Visit, reference: str, action: str, arn: str) -> str:
    iam = visit.stack.client("iam")
    for logical_id, _, statements in _written(visit):
        if not any(action in _list(each["Action"]) for each in statements):
            continue
        role = iam.get_role(RoleName=visit.stack.physical[logical_id])["Role"]["Arn"]
        answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[action], ResourceArns=[arn])
        if answer["EvaluationResults"][0]["EvalDecision"] != "allowed":
            do = "Its name must begin with what docs/deployment.md says; then name it so in the catalogue."
            raise Red(f"{logical_id} may not read {reference}", do)
    return reference


RIGHTS: Final = Group(
    "Rights",
    (
        Check("role-policies", "each role allows what the template says", _policies, seconds=40),
        Check(
            "role-decisions",
            "nothing above a role takes that away",
            _decisions,
            seconds=90,
            not_local="there is nothing above a local role, and the local IAM simulates no conditions",
        ),
        Check(
            "denials",
            "AWS has denied nothing to a function",
            _denials,
            seconds=60,
            not_local="a local function's log is the output of `make run`",
        ),
        Check("provider-keys", "each provider's key is where the catalogue says, and can be read", _provider_keys),
    ),
)
