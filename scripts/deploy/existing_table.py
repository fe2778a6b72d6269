"""Checks the existing table that a stack is to use, since CloudFormation accepts any ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scripts.deploy.errors import DeployRefused

PARAMETER: Final = "ExistingTableArn"
INDEX: Final = "open_holds"
_KEYS: Final = {"pk": "HASH", "sk": "RANGE"}


class WrongTable(DeployRefused):
    """The stack cannot use this table."""


def check(wanted: Mapping[str, str], stack: Mapping[str, str], session: Any) -> None:
    """Check the table if this deployment is the first to use it. `session` is boto3's.

    Raises `WrongTable` if the table does not exist or is not a gateway's, or if the stack would exchange its table for
    an empty one.
    """
    present, chosen = stack.get(PARAMETER, ""), wanted.get(PARAMETER)
    if chosen is None or chosen == present:
        return
    if not chosen:
        raise WrongTable(
            f"the stack uses {present}, and without {PARAMETER} it would make a new, empty table: every key would be "
            "refused. Set the parameter to a table"
        )
    region, name = chosen.split(":")[3], chosen.rpartition("/")[2]
    if region != session.region_name:
        raise WrongTable(f"{chosen} is in another region than the stack: restore it to {session.region_name}")
    _check_table(chosen, name, session.client("dynamodb"))


def _check_table(arn: str, name: str, client: Any) -> None:
    try:
        found = client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException as error:
        raise WrongTable(f"the table {name} does not exist in this account and region") from error
    if found["TableArn"] != arn:
        raise WrongTable(f"{arn} belongs to another account; the table {name} of this account is {found['TableArn']}")
    keys = {each["AttributeName"]: each["KeyType"] for each in found["KeySchema"]}
    indexes = {each["IndexName"] for each in found.get("GlobalSecondaryIndexes", ())}
    if keys != _KEYS or INDEX not in indexes:
        raise WrongTable(f"{name} is not a gateway's table: it needs the keys pk and sk, and the index {INDEX}")
    if found["TableStatus"] != "ACTIVE":
        raise WrongTable(f"{name} is {found['TableStatus']}: wait until it is ACTIVE")
