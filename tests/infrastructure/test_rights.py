"""Least privilege: what each role may do, written out a second time, so that a change must be meant."""

from __future__ import annotations

import json
import re

import pytest

from tests.infrastructure.template import ROOT

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
SSM = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${SecretsPrefix}/*"
SECRETS = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretsPrefix}/*"
PROVIDER_KEYS = {("ssm:GetParameter", SSM), ("secretsmanager:GetSecretValue", SECRETS)}
RESULTS = "${Bucket.Arn}/results/*"
UNSETTLED = "${Bucket.Arn}/unsettled/*"
ANSWERS = "${Bucket.Arn}/answers/*"
CACHE = "${Bucket.Arn}/cache/*"
UPLOADS = "${Bucket.Arn}/uploads/*"
METERED = {
    *((f"dynamodb:{action}Item", "Table.Arn") for action in ("Get", "Put", "Update", "Delete")),
    *((f"s3:{action}Object", prefix) for action in ("Get", "Put") for prefix in (UNSETTLED, ANSWERS)),
    ("s3:ListBucket", "Bucket.Arn"),
}
"""Of a function that is paid for its answers: hold and settle, and answer the same request but once."""

JOBS = "${Bucket.Arn}/jobs/*"
STEP = {
    *((f"dynamodb:{action}Item", "Table.Arn") for action in ("Get", "Update")),
    *((f"s3:{action}", JOBS) for action in ("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload")),
    ("s3:ListBucket", "Bucket.Arn"),
}
"""Of a step of a job: its item and its files."""
SETTLING = {
    *((f"dynamodb:{action}Item", "Table.Arn") for action in ("Put", "Delete")),
    *((f"s3:{action}Object", UNSETTLED) for action in ("Put", "Delete")),
}
TELLING = {("sqs:SendMessage", "WebhookQueue.Arn")}
EXECUTIONS = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${JobsMachine.Name}:*"
BEGINNING = {
    *((f"s3:{action}Object", JOBS) for action in ("Get", "Put", "Delete")),
    ("states:StartExecution", "JobsMachine"),
}
"""Of a function whose requests may become jobs."""
STEP_KINDS = {
    "JobPrepareRole": {"JOBS#*", "ACCOUNT#*"},
    "JobChunkRole": {"JOBS#*"},
    "JobMergeRole": {"JOBS#*", "OPEN_JOBS", "ACCOUNT#*", "LEDGER#*", "ROLLUP"},
    "JobEndRole": {"JOBS#*", "OPEN_JOBS", "ACCOUNT#*", "LEDGER#*", "ROLLUP"},
}

LISTENING = {
    *(METERED | PROVIDER_KEYS | BEGINNING),
    *((f"s3:{action}Object", RESULTS) for action in ("Get", "Put")),
    ("s3:GetObject", UPLOADS),
}
"""Of a function that takes audio."""

# Beside writing to its own log group.
ALLOWED = {
    "AuthorizerRole": {("dynamodb:GetItem", "Table.Arn")},
    "SpeechRole": METERED
    | PROVIDER_KEYS
    | BEGINNING
    | {(f"s3:{action}Object", prefix) for action in ("Get", "Put") for prefix in (RESULTS, CACHE)},
    "TranscriptionsRole": LISTENING,
    "TranslationsRole": LISTENING,
    "JobsRole": {
        *((f"dynamodb:{action}", "Table.Arn") for action in ("GetItem", "Query", "UpdateItem", "DeleteItem")),
        *((f"s3:{action}Object", JOBS) for action in ("Get", "Delete")),
        *((f"s3:{action}Object", RESULTS) for action in ("Get", "Put")),
        ("s3:ListBucket", "Bucket.Arn"),
        ("states:StopExecution", EXECUTIONS),
        *TELLING,
    },
    "UploadsRole": {
        *((f"dynamodb:{action}Item", "Table.Arn") for action in ("Get", "Put", "Delete")),
        *((f"s3:{action}Object", UPLOADS) for action in ("Get", "Put", "Delete")),
        ("s3:ListBucket", "Bucket.Arn"),
    },
    "JobPrepareRole": STEP | {("s3:GetObject", UPLOADS)},
    "JobChunkRole": STEP | PROVIDER_KEYS,
    "JobMergeRole": STEP | SETTLING | TELLING,
    "JobEndRole": STEP | SETTLING | TELLING,
    "WebhooksRole": {
        (f"dynamodb:{action}", "Table.Arn") for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
    },
    "WebhookDeliveryRole": {
        *((f"dynamodb:{action}", "Table.Arn") for action in ("GetItem", "Query", "PutItem")),
        *(
            (f"sqs:{action}", "WebhookQueue.Arn")
            for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "SendMessage")
        ),
        ("sqs:SendMessage", "WebhookDeadQueue.Arn"),
    },
    "ModelsRole": set(),
    "VoicesRole": set(),
    "AdminRole": {
        (f"dynamodb:{action}", "Table.Arn")
        for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "ConditionCheckItem", "DeleteItem")
    },
    "UsageRole": {
        *((f"dynamodb:{action}", "Table.Arn") for action in ("GetItem", "BatchGetItem", "Query")),
        *((f"s3:{action}", RESULTS) for action in ("PutObject", "GetObject", "AbortMultipartUpload")),
    },
    "SweeperRole": {
        *(
            (f"dynamodb:{action}", "Table.Arn")
            for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
        ),
        ("dynamodb:Query", "${Table.Arn}/index/open_holds"),
        *((f"s3:{action}Object", UNSETTLED) for action in ("Get", "Delete")),
        ("s3:ListBucket", "Bucket.Arn"),
        ("states:ListExecutions", "JobsMachine"),
        ("states:DescribeExecution", EXECUTIONS),
        ("lambda:InvokeFunction", "JobEndFunction.Arn"),
    },
    "RollupRole": {
        (f"dynamodb:{action}", "Table.Arn") for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
    },
}

# A star stands for names that are not known when the stack is deployed: of results, and of the operator's own keys.
STARS = {SSM, SECRETS, RESULTS, UNSETTLED, ANSWERS, CACHE, UPLOADS, JOBS, EXECUTIONS}


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


def test_the_page_names_the_roles_that_a_key_of_the_operator_s_own_must_let_in(of_type):
    readers = {name for name, role in of_type("AWS::IAM::Role").items() if rights_of(role) & PROVIDER_KEYS}
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    (sentence,) = re.findall(
        r"allow `kms:Decrypt` in that key's\s+policy to the (\w+) roles that read them: ([^(]+)\(", page
    )
    assert sentence[0] == {4: "four"}[len(readers)]
    assert set(re.findall(r"`(\w+)`", sentence[1])) == readers


def test_only_justified_stars(of_type):
    for name, role in of_type("AWS::IAM::Role").items():
        for action, resource in rights_of(role):
            assert "*" not in action, name
            assert "*" not in resource or resource in STARS, name


@pytest.mark.parametrize("name", [name for name in ALLOWED if ALLOWED[name] >= METERED])
def test_a_function_reaches_only_its_own_kinds_of_items(name, of_type):
    kinds = {}
    for statement in statements_of(of_type("AWS::IAM::Role")[name]):
        if plain(statement["Resource"]) == "Table.Arn":
            (leading,) = statement["Condition"]["ForAllValues:StringLike"].values()
            for action in as_list(statement["Action"]):
                kinds.setdefault(action, set()).update(leading)
    listens = name in {"TranscriptionsRole", "TranslationsRole"}
    assert kinds == {
        "dynamodb:GetItem": {"LEDGER#*", "JOBS#*"} | ({"UPLOADS#*"} if listens else set()),
        "dynamodb:PutItem": {"LEDGER#*", "ACCOUNT#*", "IDEMPOTENCY#*", "JOBS#*", "OPEN_JOBS"},
        "dynamodb:UpdateItem": {"LEDGER#*", "ACCOUNT#*", "IDEMPOTENCY#*", "JOBS#*"},
        "dynamodb:DeleteItem": {"IDEMPOTENCY#*", "JOBS#*", "OPEN_JOBS"},
    }


def test_the_uploads_function_reaches_nothing_but_uploads(of_type):
    for statement in statements_of(of_type("AWS::IAM::Role")["UploadsRole"]):
        if plain(statement["Resource"]) == "Table.Arn":
            assert statement["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["UPLOADS#*"]}}


def test_the_admin_function_reaches_neither_the_books_nor_the_end_of_an_account(of_type):
    reached = {}
    for statement in statements_of(of_type("AWS::IAM::Role")["AdminRole"]):
        if plain(statement["Resource"]) == "Table.Arn":
            (leading,) = statement["Condition"]["ForAllValues:StringLike"].values()
            for action in as_list(statement["Action"]):
                reached.setdefault(action, set()).update(leading)
    directory = {"PROJECTS", "SERVICE_ACCOUNTS#*", "KEYS#*", "ADMIN_KEYS"}
    assert set().union(*reached.values()) == directory | {"ACCOUNT#*", "KEY#*"}
    assert reached["dynamodb:GetItem"] == directory | {"ACCOUNT#*"}  # no hash of a key
    assert reached["dynamodb:DeleteItem"] == {"SERVICE_ACCOUNTS#*", "ADMIN_KEYS", "KEY#*"}


@pytest.mark.parametrize("name", STEP_KINDS)
def test_a_step_reaches_only_its_own_kinds_of_items(name, of_type):
    kinds = set()
    for statement in statements_of(of_type("AWS::IAM::Role")[name]):
        if plain(statement["Resource"]) == "Table.Arn":
            kinds |= set(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
    assert kinds == STEP_KINDS[name]


def test_the_state_machine_may_call_its_steps_and_nothing_else(of_type):
    role = of_type("AWS::IAM::Role")["JobsMachineRole"]
    steps = ("JobPrepare", "JobChunk", "JobMerge", "JobEnd")
    assert rights_of(role) == {("lambda:InvokeFunction", f"{step}Function.Arn") for step in steps}
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "states.amazonaws.com"}
    assert "ManagedPolicyArns" not in role


def test_only_lambda_takes_the_roles_of_functions(of_type):
    for name in ALLOWED:
        document = of_type("AWS::IAM::Role")[name]["AssumeRolePolicyDocument"]
        (statement,) = document["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_only_api_gateway_and_the_clock_may_call_the_functions(of_type):
    permissions = of_type("AWS::Lambda::Permission")
    assert permissions
    for name, properties in permissions.items():
        by_the_clock = properties["FunctionName"].get("Ref") in {"RollupFunction", "SweeperFunction"}
        caller = "events.amazonaws.com" if by_the_clock else "apigateway.amazonaws.com"
        assert properties["Principal"] == caller, name
        assert "SourceArn" in properties, name


def leading_keys(of_type, role, action):
    """The partitions of the table that a role may use so."""
    return {
        key
        for statement in statements_of(of_type("AWS::IAM::Role")[role])
        if f"dynamodb:{action}" in as_list(statement["Action"])
        for key in as_list(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
    }


def test_the_sweeper_adds_to_the_ledger_and_the_roll_up_writes_nothing_that_money_depends_on(of_type):
    assert leading_keys(of_type, "SweeperRole", "PutItem") == {"LEDGER#*"}
    assert leading_keys(of_type, "SweeperRole", "Query") == {"OPEN_JOBS", "OPEN_HOLDS#*"}  # and of no list of keys
    assert leading_keys(of_type, "SweeperRole", "UpdateItem") == {"ACCOUNT#*", "ROLLUP", "OPEN_JOBS"}
    for action in ("PutItem", "UpdateItem", "DeleteItem"):
        assert leading_keys(of_type, "RollupRole", action) == {"USAGE#*", "ROLLUP"}


def test_no_right_is_given_by_a_resource_policy_but_one_refusal(of_type):
    (policy,) = of_type("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_no_account_id_or_key_stands_in_the_template(rendered):
    text = json.dumps(rendered)
    assert not re.search(r"\b\d{12}\b|AKIA[A-Z0-9]{16}|sk-[A-Za-z0-9_-]{20}", text)


def test_signing_secrets_are_read_by_the_two_functions_that_need_them_and_nobody_writes_but_one(of_type):
    readers, writers = set(), set()
    for name in ALLOWED:
        for statement in statements_of(of_type("AWS::IAM::Role")[name]):
            actions = {action for action in as_list(statement["Action"]) if action.startswith("dynamodb:")}
            if not actions:
                continue
            (leading,) = statement["Condition"]["ForAllValues:StringLike"].values()
            if any(kind.startswith(("WEBHOOKS", "*")) for kind in as_list(leading)):
                readers |= {name} if actions & {"dynamodb:GetItem", "dynamodb:Query"} else set()
                writers |= {name} if actions - {"dynamodb:GetItem", "dynamodb:Query"} else set()
    assert readers == {"WebhooksRole", "WebhookDeliveryRole"}
    assert writers == {"WebhooksRole"}


def test_jobs_are_put_on_the_list_by_those_who_begin_them_and_read_from_it_by_the_sweeper_alone(of_type):
    rights = {}
    for name in ALLOWED:
        for statement in statements_of(of_type("AWS::IAM::Role")[name]):
            if "OPEN_JOBS" in json.dumps(statement.get("Condition", {})):
                rights.setdefault(name, set()).update(as_list(statement["Action"]))
    begin, end = {"dynamodb:PutItem", "dynamodb:DeleteItem"}, {"dynamodb:DeleteItem"}
    assert rights == {
        **dict.fromkeys(("SpeechRole", "TranscriptionsRole", "TranslationsRole"), begin),
        **dict.fromkeys(("JobsRole", "JobMergeRole", "JobEndRole"), end),
        "SweeperRole": {"dynamodb:Query", "dynamodb:UpdateItem"},
    }
