from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local.aws import LocalAws
from local.settings import StackError


class Sts:
    def __init__(self, *lifetimes_s: int) -> None:
        self.lifetimes_s = list(lifetimes_s)
        self.asked: list[str] = []

    def assume_role(self, **arguments: Any) -> dict[str, Any]:
        if not self.lifetimes_s:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        self.asked.append(arguments["RoleArn"])
        expiration = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.lifetimes_s.pop(0))
        key = f"AKIA{len(self.asked)}"
        credentials = {"AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": expiration}
        return {"Credentials": credentials}


def aws(sts: Sts) -> LocalAws:
    made = LocalAws("http://127.0.0.1:9", "us-east-1", "root", "secret")
    made._clients["sts"] = sts
    return made


def test_credentials_of_a_role_are_shared_until_they_are_about_to_expire() -> None:
    sts = Sts(3600, 60, 3600)
    local = aws(sts)

    keys = [local.role_credentials(role).access_key_id for role in ("a", "a", "b", "b")]

    assert keys == ["AKIA1", "AKIA1", "AKIA2", "AKIA3"]
    assert sts.asked == ["a", "b", "b"]


def test_an_unreachable_local_aws_is_reported() -> None:
    with pytest.raises(StackError, match="gives no credentials for a"):
        aws(Sts()).role_credentials("a")


def test_clients_ignore_the_operators_profile_and_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    made = LocalAws("http://127.0.0.1:9", "us-east-1", "root", "secret")

    client = made.client("sts")

    assert client.meta.config.proxies == {}
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert made.client("sts") is client
    client.close()
