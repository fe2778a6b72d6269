"""What each function may do, by its role, by the policies above the role, and by its log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from audio_gateway.cli.doctor.catalogue import catalogue_of
from audio_gateway.cli.doctor.check import Check, CheckFailed, CheckGroup, CheckSkipped
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.stack import on_missing

_ROLE: Final = "AWS::IAM::Role"
_AT_ONCE: Final = 6
_KEYS_OF_ITEMS: Final = "dynamodb:LeadingKeys"
_DENIED: Final = '?AccessDenied ?"not authorized" ?ClientError'
_PERIOD: Final = timedelta(hours=1)
_MOST_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement of a role's policy. `policy` is the name of the inline policy."""

    role: str
    policy: str
    sid: str
    actions: frozenset[str]
    resources: tuple[str, ...]
    condition: Mapping[str, Any]


def _policies(context: CheckContext) -> str:
    wrong, count = [], 0
    for logical_id, policy, statements in _written(context):
        found = {each.sid: each.actions for each in _statements(context, logical_id, policy)}
        for written in statements:
            count += 1
            missing = sorted(_list(written["Action"]) - found.get(written.get("Sid", ""), frozenset()))
            if missing:
                wrong.append(f"{logical_id} lacks {', '.join(missing)} ({written.get('Sid')})")
    if wrong:
        raise CheckFailed("; ".join(wrong[:_MOST_SHOWN]), context.stack.redeploy_advice())
    return f"{count} statements, as in the template"


def _decisions(context: CheckContext) -> str:
    """Ask IAM's policy simulator, which includes permissions boundaries and the organisation's policies."""
    statements = [
        each for logical_id, policy, _ in _written(context) for each in _statements(context, logical_id, policy)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        denied = [
            found for each in pool.map(lambda statement: _denied(context, statement), statements) for found in each
        ]
    if denied:
        do = "Check for a permissions boundary or a policy of the organisation. It must allow what the role allows."
        raise CheckFailed("; ".join(denied[:_MOST_SHOWN]), do)
    return f"{len(statements)} statements, all allowed"


def _denied(context: CheckContext, statement: _Statement) -> Iterator[str]:
    iam = context.stack.client("iam")
    role = iam.get_role(RoleName=context.stack.physical[statement.role])["Role"]["Arn"]
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
    """Yield the context of a request that satisfies the condition."""
    for keys in condition.values():
        for key, values in keys.items():
            yield {
                "ContextKeyName": key,
                "ContextKeyType": "stringList" if key == _KEYS_OF_ITEMS else "string",
                "ContextKeyValues": [str(_first(values)).replace("*", "x")],
            }


def _written(context: CheckContext) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    """Yield each role's inline policy in the template: the role's logical id, the policy's name, its statements."""
    for logical_id, properties in context.stack.of_type(_ROLE).items():
        for policy in properties.get("Policies", []):
            yield logical_id, policy["PolicyName"], policy["PolicyDocument"]["Statement"]


def _statements(context: CheckContext, logical_id: str, policy: str) -> list[_Statement]:
    """Return the statements of a role's policy in IAM."""
    role = context.stack.physical[logical_id]
    gone = CheckFailed(f"{logical_id} lacks its policy {policy}", context.stack.redeploy_advice())
    with on_missing("NoSuchEntity", then=gone):
        document = context.stack.client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
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


def _denials(context: CheckContext) -> str:
    stack = context.stack
    since = int((datetime.now(UTC) - _PERIOD).timestamp() * 1000)
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
        raise CheckFailed(f"AWS denied a call of {', '.join(found)}", f"{read} --region {stack.region}")
    return f"no denial in the last hour, in {len(groups)} logs"


def _provider_keys(context: CheckContext) -> str:
    seen = []
    for provider in {model.provider.id: model.provider for model in catalogue_of(context).models.values()}.values():
        kind, _, name = (provider.api_key or "").partition(":")
        if kind == "ssm":
            seen.append(_readable(context, provider.api_key or "", "ssm:GetParameter", _parameter_arn(context, name)))
        elif kind == "secret":
            name = name.partition("#")[0]
            seen.append(
                _readable(context, provider.api_key or "", "secretsmanager:GetSecretValue", _secret_arn(context, name))
            )
        elif kind == "env" and not context.stack.local:
            message = f"the key of provider '{provider.id}' is {provider.api_key}, which no deployed function has"
            raise CheckFailed(
                message, "Store it in Parameter Store, and name it ssm:/audio-gateway/…: docs/deployment.md."
            )
    if not seen:
        raise CheckSkipped("no provider in the catalogue has a key stored in AWS")
    return f"{', '.join(seen)} can be read"


def _parameter_arn(context: CheckContext, name: str) -> str:
    client = context.stack.client("ssm")
    pages = client.describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}])
    if not pages["Parameters"]:
        command = f"aws ssm put-parameter --type SecureString --name {name} --value … --region {context.stack.region}"
        raise CheckFailed(f"the catalogue names ssm:{name}, which does not exist", command)
    role = context.stack.client("sts").get_caller_identity()
    partition, account = role["Arn"].split(":")[1], role["Account"]
    return (
        f"arn:{partition}:ssm:{context.stack.region}:{account}:parameter{name if name.startswith('/') else f'/{name}'}"
    )


def _secret_arn(context: CheckContext, name: str) -> str:
    command = f"aws secretsmanager create-secret --name {name} --secret-string … --region {context.stack.region}"
    gone = CheckFailed(f"the catalogue names secret:{name}, which does not exist", command)
    with on_missing("ResourceNotFoundException", then=gone):
        return str(context.stack.client("secretsmanager").describe_secret(SecretId=name)["ARN"])


def _readable(context: CheckContext, reference: str, action: str, arn: str) -> str:
    iam = context.stack.client("iam")
    for logical_id, _, statements in _written(context):
        if not any(action in _list(each["Action"]) for each in statements):
            continue
        role = iam.get_role(RoleName=context.stack.physical[logical_id])["Role"]["Arn"]
        answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[action], ResourceArns=[arn])
        if answer["EvaluationResults"][0]["EvalDecision"] != "allowed":
            do = "Its name must begin as docs/deployment.md says. Rename it, and change the catalogue."
            raise CheckFailed(f"{logical_id} may not read {reference}", do)
    return reference


RIGHTS: Final = CheckGroup(
    "Rights",
    (
        Check("role-policies", "each role allows what the template says", _policies, seconds=40),
        Check(
            "role-decisions",
            "no policy above a role denies it",
            _decisions,
            seconds=90,
            not_local="a local role has no policies above it, and the local IAM does not simulate conditions",
        ),
        Check(
            "denials",
            "AWS denied no call of a function",
            _denials,
            seconds=60,
            not_local="the log of a local function is the output of `make run`",
        ),
        Check("provider-keys", "each provider's key is where the catalogue says and can be read", _provider_keys),
    ),
)
