"""The page lists exactly the rights that doctor uses."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.doctor.conftest import HealthyGateway
from tests.unit.docs.pages import ROOT, blocks

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "first-deployment.md").read_text()
# IAM actions whose names differ from the operation.
ACTIONS = {
    "apigateway.GetAccount": "apigateway:GET",
    "apigateway.GetRestApi": "apigateway:GET",
    "apigateway.GetStage": "apigateway:GET",
    "lambda.GetLayerVersionByArn": "lambda:GetLayerVersion",
    "s3.GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3.GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "sts.GetCallerIdentity": None,  # needs no permission
}
OF_KEYS = {"BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"}
"""The rights that `keys` needs, which have their own line in docs/operations.md."""

WHEN_SOMETHING_BROKE = {"states:DescribeExecution"}


def test_the_page_lists_the_rights_that_doctor_uses(world: HealthyGateway) -> None:
    world.results()
    used = {ACTIONS.get(call, call.replace(".", ":").replace("stepfunctions:", "states:")) for call in world.aws.calls}
    (policy,) = (json.loads(block) for block in blocks(PAGE, "json"))
    listed = set(policy["Statement"][0]["Action"])
    assert listed == (used - {None}) | {f"dynamodb:{name}" for name in OF_KEYS} | WHEN_SOMETHING_BROKE
