"""The settings that functions read from their environment."""

from __future__ import annotations

import pytest

from audio_gateway.errors import ConfigurationError
from audio_gateway.wiring.authorizer import AuthorizerSettings
from audio_gateway.wiring.settings import hosts_allowed_for_tests

HOSTS = "127.0.0.1:8081"


def test_hosts_are_allowed_on_a_local_stack() -> None:
    env = {"AUDIO_GATEWAY_ALLOW_HOSTS": HOSTS, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert hosts_allowed_for_tests(env) == HOSTS


@pytest.mark.parametrize("real", [{}, {"AWS_ENDPOINT_URL": ""}])
def test_a_deployed_function_does_not_start_with_allowed_hosts(real: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="AUDIO_GATEWAY_ALLOW_HOSTS"):
        hosts_allowed_for_tests({"AUDIO_GATEWAY_ALLOW_HOSTS": HOSTS} | real)
    assert hosts_allowed_for_tests({"AUDIO_GATEWAY_ALLOW_HOSTS": ""} | real) == ""


def test_a_missing_table_name_is_named() -> None:
    with pytest.raises(ConfigurationError, match="TABLE_NAME"):
        AuthorizerSettings.from_env({})
