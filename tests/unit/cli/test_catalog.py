"""`catalog check` with valid and invalid catalogues."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from audio_gateway.cli.gateway import Gateway
from tests.unit.cli.operator import run
from tests.unit.cli.shapes import DOCUMENTED, assert_documented

RIGHT = """
[providers.openai]
adapter = "openai"
base_url = "https://api.openai.com/v1"
api_key = "env:KEY"

[[models]]
id = "gpt-4o-mini-tts"
provider = "openai"
aliases = ["tts"]
endpoints = ["speech"]
price = { usd_per_million_characters = "15.00" }
markup_percent = 25
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "catalog.toml"
    file.write_text(RIGHT)
    return file


def test_a_valid_catalogue_is_listed_with_prices(path: Path) -> None:
    shown = run("catalog", "check", str(path)).stdout
    assert f"{path} is valid: 1 model\n" in shown
    assert "$18.75 per 1M characters" in shown
    assert "tts" in shown.replace("gpt-4o-mini-tts", "")


def test_a_valid_catalogue_as_json(path: Path) -> None:
    data = json.loads(run("catalog", "check", str(path), "--json").stdout)
    assert_documented(data)
    assert (data["valid"], data["mistakes"]) == (True, [])
    assert data["models"][0].keys() == DOCUMENTED["catalog"]["models"][0].keys()
    assert data["models"][0]["aliases"] == ["tts"]
    assert data["models"][0]["price"] == DOCUMENTED["catalog"]["models"][0]["price"]


def test_all_mistakes_are_listed(path: Path) -> None:
    path.write_text(RIGHT.replace("price", "prize").replace('"speech"', '"speeches"'))
    result = run("catalog", "check", str(path), code=1)
    assert result.stdout == ""
    assert "price: is missing" in result.stderr
    assert "'speeches' is not allowed" in result.stderr
    data = json.loads(run("catalog", "check", str(path), "--json", code=1).stdout)
    assert_documented(data)
    assert data["valid"] is False
    assert all(problem in result.stderr for problem in data["mistakes"])
    assert len(data["mistakes"]) == 3


@pytest.mark.parametrize("content", [None, "[[models"], ids=["no file", "no TOML"])
def test_an_invalid_file_is_refused(path: Path, content: str | None) -> None:
    path.unlink() if content is None else path.write_text(content)
    assert str(path) in run("catalog", "check", str(path), code=1).stderr
    data = json.loads(run("catalog", "check", str(path), "--json", code=1).stdout)
    assert (data["valid"], len(data["mistakes"])) == (False, 1)


def test_a_key_missing_in_the_environment_is_reported_with_models_and_remedy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEY", raising=False)
    result = run("catalog", "check", str(path))
    assert "gpt-4o-mini-tts cannot be served by 'openai': The secret env:KEY is not set" in result.stderr
    assert "export KEY=" in result.stderr
    (key,) = json.loads(run("catalog", "check", str(path), "--json").stdout)["unreadable_keys"]
    assert key.keys() == DOCUMENTED["catalog"]["unreadable_keys"][0].keys()
    monkeypatch.setenv("KEY", "sk-secret")
    result = run("catalog", "check", str(path))
    assert (result.stderr, "sk-secret" in result.stdout) == ("", False)


@pytest.mark.parametrize("reference", ["ssm:/audio-gateway/openai", "secret:audio-gateway/openai", "secret:x#y"])
def test_keys_in_aws_are_read_with_online(path: Path, reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(RIGHT.replace("env:KEY", reference))
    assert run("catalog", "check", str(path)).stderr == ""

    def denied(_gateway: Gateway, service: str) -> Any:
        raise NoCredentialsError

    monkeypatch.setattr(Gateway, "client", denied)
    result = run("catalog", "check", str(path), "--online", code=1)
    assert f"The secret {reference} cannot be read: NoCredentialsError" in result.stderr
    found = {"Parameter": {"Value": "sk-1"}, "SecretString": '{"y": "sk-1"}'}
    client = SimpleNamespace(get_parameter=lambda **_: found, get_secret_value=lambda **_: found)
    monkeypatch.setattr(Gateway, "client", lambda _gateway, _service: client)
    assert run("catalog", "check", str(path), "--online").stderr == ""


def test_the_catalogue_of_the_environment_is_the_default(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_GATEWAY_CATALOG", str(path))
    assert "gpt-4o-mini-tts" in run("catalog", "check").stdout
    monkeypatch.delenv("AUDIO_GATEWAY_CATALOG")
    assert "layers/shared/catalog.toml is valid" in run("catalog", "check").stdout
