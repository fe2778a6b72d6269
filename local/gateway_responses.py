"""Responses of API Gateway itself, in the form of the template's gateway responses.

Types, statuses and messages: Amazon API Gateway developer guide, "Gateway response types".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.rest_api import GatewayResponse

JSON: Final = "application/json"
_BUILT_IN: Final = GatewayResponse(None, {}, {JSON: '{"message":$context.error.messageString}'})
_VARIABLE: Final = re.compile(r"\$(?:\{([\w.\-]+)\}|((?:context|stageVariables|method\.request)\.[\w.\-]*\w))")

# type → status, message, x-amzn-ErrorType
_TYPES: Final = {
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
    "UNAUTHORIZED": (401, "Unauthorized", "UnauthorizedException"),
    "ACCESS_DENIED": (403, "User is not authorized to access this resource", "AccessDeniedException"),
    "AUTHORIZER_FAILURE": (500, "Internal server error", "AuthorizerFailureException"),
    "REQUEST_TOO_LARGE": (413, "Request Too Long", "RequestTooLargeException"),
    "INTEGRATION_FAILURE": (504, "Network error communicating with endpoint", "IntegrationFailureException"),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out", "InternalServerErrorException"),
    "DEFAULT_4XX": (400, "Bad Request", "BadRequestException"),
    "DEFAULT_5XX": (500, "Internal server error", "InternalServerErrorException"),
}
_FIRST_SERVER_ERROR: Final = 500


class GatewayResponseError(Exception):
    """The gateway itself answers the request. `status` overrides that of the type, as for an invalid function result.

    `authorizer` is the authorizer's context of a denied caller, which gateway responses can use.
    """

    def __init__(
        self,
        response_type: str,
        *,
        status: int | None = None,
        message: str | None = None,
        authorizer: Mapping[str, Any] | None = None,
    ) -> None:
        own_status, own_message, self.error_type = _TYPES[response_type]
        self.response_type = response_type
        self.status = status or own_status
        self.message = message or own_message
        self.authorizer = authorizer
        super().__init__(f"{response_type}: {self.message}")


@dataclass(frozen=True, slots=True)
class RenderedResponse:
    """A gateway response ready to send."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


# Returns "context.requestId", "stageVariables.x" or "method.request.header.X", or None if there is no such value.
Lookup = Callable[[str], str | None]


def render(
    error: GatewayResponseError, definitions: Mapping[str, GatewayResponse], lookup: Lookup, *, accept: str = ""
) -> RenderedResponse:
    """Render the template's gateway response for this error, or its default for the class (4XX, 5XX)."""
    default = "DEFAULT_5XX" if error.status >= _FIRST_SERVER_ERROR else "DEFAULT_4XX"
    definition = definitions.get(error.response_type) or definitions.get(default) or _BUILT_IN
    values = _with_error(error, lookup)
    media_type, template = _template(definition.templates, accept)
    headers = [("Content-Type", media_type), ("x-amzn-ErrorType", error.error_type)]
    for name, expression in definition.headers.items():
        value = _parameter(expression, values)
        if value is not None:
            headers = [header for header in headers if header[0].lower() != name.lower()]
            headers.append((name, value))
    body = _VARIABLE.sub(lambda match: values(match.group(1) or match.group(2)) or "", template)
    return RenderedResponse(definition.status or error.status, headers, body.encode())


def _with_error(error: GatewayResponseError, lookup: Lookup) -> Lookup:
    own = {
        "context.error.message": error.message,
        "context.error.messageString": json.dumps(error.message),
        "context.error.responseType": error.response_type,
    }
    return lambda name: own[name] if name in own else lookup(name)


def _template(templates: Mapping[str, str], accept: str) -> tuple[str, str]:
    """Return the template that the client accepts, or else the one for JSON, or else the first."""
    if not templates:
        return JSON, _BUILT_IN.templates[JSON]
    accepted = [item.split(";")[0].strip().lower() for item in accept.split(",")]
    for media_type in (*accepted, JSON):
        if media_type in templates:
            return media_type, templates[media_type]
    return next(iter(templates.items()))


def _parameter(expression: str, values: Lookup) -> str | None:
    """Return a header's value: a 'quoted text', or a value of the request or its context."""
    if expression.startswith("'") and expression.endswith("'"):
        return expression[1:-1]
    return values(expression)
