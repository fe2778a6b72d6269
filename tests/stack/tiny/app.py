"""A handler that does what the last part of the path, or the event's "do", says."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class NoSuchLuck(Exception):
    pass


def handler(event: dict[str, Any], _context: Any) -> Any:
    """Answer an API request, a direct call or a queue's message."""
    if "Records" in event:
        for record in event["Records"]:
            (HERE / f"message-{record['body']}").touch()
        return None
    do = event["pathParameters"]["do"] if event.get("pathParameters") else event.get("do", "slow")
    return DEEDS[do](event)


def about(_: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "body": json.dumps({"pid": os.getpid(), "role": os.environ["AWS_ACCESS_KEY_ID"]})}


def size(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "body": str(len(base64.b64decode(event["body"] or "")))}


def big(event: dict[str, Any]) -> dict[str, Any]:
    data = os.urandom(1) * int(event["queryStringParameters"]["bytes"])
    body = base64.b64encode(data).decode()
    return {"statusCode": 200, "headers": {"Content-Type": "audio/mpeg"}, "body": body, "isBase64Encoded": True}


def slow(_: dict[str, Any]) -> dict[str, Any]:
    time.sleep(1)
    (HERE / "went-on").touch()
    return {"statusCode": 200}


def hang(_: dict[str, Any], _context: Any) -> None:
    """The handler of another function, with a short timeout."""
    (HERE / "hanging").touch()
    time.sleep(60)


def fail(_: dict[str, Any]) -> None:
    raise NoSuchLuck("today")


def read(_: dict[str, Any]) -> dict[str, Any]:
    return _dynamodb("get_item", Key={"pk": {"S": "a"}, "sk": {"S": "b"}})


def write(_: dict[str, Any]) -> dict[str, Any]:
    return _dynamodb("put_item", Item={"pk": {"S": "a"}, "sk": {"S": "b"}})


def _dynamodb(operation: str, **arguments: Any) -> dict[str, Any]:
    import boto3
    from botocore.exceptions import ClientError

    try:
        getattr(boto3.client("dynamodb"), operation)(TableName=os.environ["TABLE_NAME"], **arguments)
    except ClientError as error:
        return {"statusCode": 403, "body": error.response["Error"]["Code"]}
    return {"statusCode": 200}


DEEDS = {
    "about": about,
    "size": size,
    "big": big,
    "slow": slow,
    "fail": fail,
    "read": read,
    "write": write,
}
