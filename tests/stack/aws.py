"""The AWS of a running stack, past its functions."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest
from botocore.config import Config


def aws_of(info: dict[str, Any], service: str, **options: Any) -> Any:
    """A client with root's credentials. `info` is what the stack file says, `options` are botocore's `Config`'s."""
    return boto3.client(
        service,
        endpoint_url=info["aws_endpoint_url"],
        region_name=info["region"],
        aws_access_key_id=info["aws_access_key_id"],
        aws_secret_access_key=info["aws_secret_access_key"],
        config=Config(**options),
    )


def use_aws_of(info: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process, and what it starts, find the stack's AWS, and nothing of the machine's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", info["aws_endpoint_url"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", info["region"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", info["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", info["aws_secret_access_key"])
