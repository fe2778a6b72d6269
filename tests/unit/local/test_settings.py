from __future__ import annotations

from pathlib import Path

import pytest

from local.settings import StackError, StackSettings


def settings(tmp_path: Path, **environ: str) -> StackSettings:
    return StackSettings.from_environment(environ, Path("/project"), tmp_path)


def test_without_variables_the_documented_defaults_hold(tmp_path: Path) -> None:
    found = settings(tmp_path)

    assert found.port == 8080
    assert found.stack_file == Path("/project/.local/stack.json")
    assert found.catalogue is None
    assert found.external_aws is None


def test_paths_are_relative_to_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").touch()

    found = settings(tmp_path, STACK_FILE="s.json", AUDIO_GATEWAY_CATALOG="mine.toml", PORT="0")

    assert found.stack_file == tmp_path / "s.json"
    assert found.catalogue == tmp_path / "mine.toml"
    assert found.port == 0


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80.5", "\u0661", "0x50"])
def test_an_invalid_port_is_reported_with_the_remedy(tmp_path: Path, port: str) -> None:
    with pytest.raises(StackError, match=r"PORT=.* is not a port number: give one"):
        settings(tmp_path, PORT=port)


def test_the_quota_is_a_number_or_unlimited(tmp_path: Path) -> None:
    assert settings(tmp_path).lambda_concurrency is None
    assert settings(tmp_path, LOCAL_LAMBDA_CONCURRENCY="10").lambda_concurrency == 10
    for wrong in ("0", "few", "-1"):
        with pytest.raises(StackError, match=f"LOCAL_LAMBDA_CONCURRENCY={wrong} is not a number of environments"):
            settings(tmp_path, LOCAL_LAMBDA_CONCURRENCY=wrong)


def test_the_operator_can_set_the_keys(tmp_path: Path) -> None:
    assert settings(tmp_path).keys == (None, None)
    pinned = settings(tmp_path, AUDIO_GATEWAY_API_KEY="sk-mine", AUDIO_GATEWAY_ADMIN_KEY=" sk-admin-mine ")
    assert pinned.keys == ("sk-mine", "sk-admin-mine")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUDIO_GATEWAY_API_KEY", "mine"),
        ("AUDIO_GATEWAY_API_KEY", "sk-"),
        ("AUDIO_GATEWAY_API_KEY", "sk-admin-x"),
        ("AUDIO_GATEWAY_API_KEY", "sk-a b"),
        ("AUDIO_GATEWAY_API_KEY", "sk-\u00fc"),
        ("AUDIO_GATEWAY_ADMIN_KEY", "sk-x"),
    ],
)
def test_an_invalid_key_is_refused_and_not_shown(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(StackError, match=f"{name} is not a valid key") as refused:
        settings(tmp_path, **{name: value})
    assert value not in str(refused.value).split("such as")[0]


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"AUDIO_GATEWAY_CATALOG=nowhere\.toml is not a file"):
        settings(tmp_path, AUDIO_GATEWAY_CATALOG="nowhere.toml")


def test_the_region_of_the_environment_applies_only_to_an_external_emulator(tmp_path: Path) -> None:
    own = settings(tmp_path, AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="real")
    external = settings(tmp_path, AWS_REGION="eu-west-1", AWS_ENDPOINT_URL="http://localhost:4566/")

    assert own.region == "us-east-1"
    assert external.region == "eu-west-1"
    assert external.external_aws is not None
    assert external.external_aws.endpoint_url == "http://localhost:4566"
    assert external.external_aws.access_key_id == "test"


def test_an_invalid_endpoint_url_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="AWS_ENDPOINT_URL=localhost:4566"):
        settings(tmp_path, AWS_ENDPOINT_URL="localhost:4566")
