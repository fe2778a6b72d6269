"""Every route of every app takes one kind of key, and checks it before anything else."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute

from audio_gateway.api.http.app import create_app, lambda_handler
from tests.fakes.gateway import ADMIN_CALLER, API_CALLER, call, event
from tests.unit.docs.test_openapi import apps

OPEN = {"/health"}


def routes() -> list[tuple[str, str, str]]:
    """App, method and path of all routes."""
    return [
        (name, method, re.sub(r"{.*?}", "x", route.path))
        for name, app in apps().items()
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


@pytest.mark.parametrize(("name", "method", "path"), routes())
def test_a_route_takes_the_key_that_its_path_says_and_no_other(name: str, method: str, path: str) -> None:
    handler = lambda_handler(apps()[name], name)
    wrong, message = (
        (API_CALLER, "takes an admin key") if path.startswith("/organization/") else (ADMIN_CALLER, "takes an API key")
    )
    if path in OPEN:
        assert call(handler, event(method, path, authorizer={})).status == 200
        return
    nobody = call(handler, event(method, path, authorizer={}))
    assert (nobody.status, nobody.error["code"]) == (401, "invalid_api_key")
    other = call(handler, event(method, path, authorizer=wrong))
    assert (other.status, message in other.error["message"]) == (403, True)


def test_an_unknown_url_or_method_is_refused_before_the_key_is_checked() -> None:
    handler = lambda_handler(apps()["models"], "models")
    assert call(handler, event("GET", "/nowhere", authorizer={})).status == 404
    assert call(handler, event("PUT", "/models", authorizer={})).status == 405


def test_a_route_that_its_app_names_no_key_for_is_not_served() -> None:
    app = create_app("usage", caller={"/usage": "api"})

    @app.get("/ledger")
    async def ledger() -> None:
        raise AssertionError

    assert call(lambda_handler(app, "usage"), event("GET", "/ledger")).status == 500
