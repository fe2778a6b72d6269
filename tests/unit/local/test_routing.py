from __future__ import annotations

import pytest

from local.routing import Router
from tests.unit.local.builders import route

ROUTER = Router(
    [
        route("/{proxy+}"),
        route("/models/{model+}"),
        route("/models", "GET"),
        route("/models/{model}/voices"),
        route("/models/default"),
        route("/keys/{id}"),
        route("/keys/{id}", "GET", timeout_s=1),
        route("/keys/{id}/{rest+}", "POST"),
    ]
)


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/models", "/models", {}),
        ("/models/", "/models", {}),
        ("/models/default", "/models/default", {}),
        ("/models/tts-1", "/models/{model+}", {"model": "tts-1"}),
        ("/models/openai/whisper", "/models/{model+}", {"model": "openai/whisper"}),
        ("/models/openai%2Fwhisper", "/models/{model+}", {"model": "openai%2Fwhisper"}),
        ("/models/tts-1/voices", "/models/{model}/voices", {"model": "tts-1"}),
        ("/keys/k1", "/keys/{id}", {"id": "k1"}),
        ("/anything/else", "/{proxy+}", {"proxy": "anything/else"}),
    ],
)
def test_the_most_specific_resource_serves_a_path(path: str, resource: str, parameters: dict[str, str]) -> None:
    match = ROUTER.match("GET", path)

    assert match is not None
    assert (match.route.resource, match.path_parameters) == (resource, parameters)


def test_a_specific_method_precedes_any() -> None:
    get, delete = ROUTER.match("GET", "/keys/k1"), ROUTER.match("DELETE", "/keys/k1")

    assert get is not None
    assert delete is not None
    assert (get.route.method, delete.route.method) == ("GET", "ANY")


@pytest.mark.parametrize(("method", "path"), [("POST", "/models"), ("GET", "/keys/k1/a/b"), ("GET", "/")])
def test_an_unknown_resource_or_method_does_not_match(method: str, path: str) -> None:
    assert ROUTER.match(method, path) is None


def test_special_characters_of_a_resource_are_literal() -> None:
    assert Router([route("/a.b")]).match("GET", "/aXb") is None
