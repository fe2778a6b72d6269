"""The table that a stack goes on with, looked at before a deployment: CloudFormation takes any ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PARAMETER: Final = "ExistingTableArn"
INDEX: Final = "open_holds"
_KEYS: Final = {"pk": "HASH", "sk": "RANGE"}


class WrongTable(Exception):
    """It cannot be deployed with this table. The message says why, and what to do."""


def check(wanted: Mapping[str, str], stack: Mapping[str, str], session: Any) -> None:
    """Look at the table that a deployment would be the first to use. `session` is boto3's.

    Raises:
        WrongTable: it is not there, or not one of ours; or the stack would leave the one that it uses for an empty one.
    """
    present, chosen = stack.get(PARAMETER, ""), wanted.get(PARAMETER)
    if chosen is None or chosen == present:
        return
    if not chosen:
        raise WrongTable(
            f"the stack uses {present}, and without {PARAMETER} it would make a new, empty table: every key would be "
            "refused. Name a table"
        )
    region, name = chosen.split(":")[3], chosen.rpartition("/")[2]
    if region != session.region_name:
        raise WrongTable(f"{chosen} is in another region than the stack: restore it to {session.region_name}")
    _look_at(chosen, name, session.client("dynamodb"))


def _look_at(arn: str, name: str, client: Any) -> None:
    try:
        found = client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException as error:
        raise WrongTable(f"there is no table {name} in this account and region") from error
    if found["TableArn"] != arn:
        raise WrongTable(f"{arn} is of another account; the {name} of this one is {found['TableArn']}")
    keys = {each["AttributeName"]: each["KeyType"] for each in found["KeySchema"]}
    indexes = {each["IndexName"] for each in found.get("GlobalSecondaryIndexes", ())}
    if keys != _KEYS or INDEX not in indexes:
        raise WrongTable(f"{name} is no table of a gateway: it needs the keys pk and sk, and the index {INDEX}")
    if found["TableStatus"] != "ACTIVE":
        raise WrongTable(f"{name} is {found['TableStatus']}: wait until it is ACTIVE")
