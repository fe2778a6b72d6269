"""What the bodies of admin calls have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from fastapi import Request

from audio_gateway.api.http.app import body_of
from audio_gateway.api.http.fields import BodyFields
from audio_gateway.api.http.json_body import read_object
from audio_gateway.catalog.models import Catalog
from audio_gateway.errors import InvalidRequest
from audio_gateway.metering.limits import Limits, limits_changed_by, limits_from_api

MAX_NAME: Final = 200
"""Characters of a name."""

MAX_EXPIRES_IN: Final = 31_536_000
"""Seconds: a year, as in OpenAI's API."""

Catalogue = Callable[[], Catalog] | None
"""Gives the catalogue, which only a call with `limits.models` needs; None where there is none at hand."""


async def fields_of(request: Request) -> BodyFields:
    """The fields of a JSON body."""
    return BodyFields(read_object(request.headers.get("content-type"), await body_of(request)))


async def refuse_fields(request: Request) -> None:
    """For a call without fields: an empty body, or an empty object."""
    if await body_of(request):
        (await fields_of(request)).refuse_the_rest()


def name_of(fields: BodyFields, *, required: bool) -> str:
    """A `name` for people and their tools: one line of characters that can be seen; empty if absent."""
    name = fields.text("name", required=required)
    if len(name) > MAX_NAME:
        raise InvalidRequest(f"'name' has {len(name)} characters; at most {MAX_NAME} are allowed.", param="name")
    if name and (not name.isprintable() or name.isspace()):
        raise InvalidRequest("'name' must be one line of characters that can be seen.", param="name")
    return name


def expiry_of(fields: BodyFields, now_s: float) -> int | None:
    """The unix second that `expires_in_seconds` stands for."""
    seconds = fields.whole("expires_in_seconds", low=1, high=MAX_EXPIRES_IN)
    return None if seconds is None else int(now_s) + seconds


def limits_of(fields: BodyFields, catalog: Catalogue = None) -> Limits | None:
    """The `limits`; None if they are absent. Their `models` must be in the catalogue."""
    given = fields.take("limits")
    return None if given is None else _limits_from(given, catalog)


def _limits_from(given: Any, catalog: Catalogue) -> Limits:
    limits = limits_from_api(given)
    if limits.models is not None and catalog is not None:
        known = catalog().models
        unknown = [name for name in limits.models if name not in known]
        if unknown:
            message = f"The catalogue has no model '{unknown[0][:200]}', so the key could not use it."
            raise InvalidRequest(f"{message} It has: {', '.join(known)}.", param="limits.models")
    return limits


def limits_with_expiry(fields: BodyFields, now_s: float, catalog: Catalogue) -> Limits:
    """The limits of a new key, whose expiry may be in `limits` or in `expires_in_seconds`."""
    limits, expires_at = limits_of(fields, catalog) or Limits(), expiry_of(fields, now_s)
    refuse_two_expiries(limits, expires_at)
    return limits if expires_at is None else replace(limits, expires_at=expires_at)


def change_of_limits(fields: BodyFields, now_s: float, catalog: Catalogue) -> Callable[[Limits], Limits] | None:
    """What `limits` and `expires_in_seconds` change of a key's limits; None if both are absent."""
    given, expires_at = fields.take("limits"), expiry_of(fields, now_s)
    given = {} if given is None else given
    change = limits_changed_by(given, _limits_from(given, catalog))
    if expires_at is None:
        return change if given else None
    if "expires_at" in given:
        raise _two_expiries()
    return lambda limits: replace(change(limits), expires_at=expires_at)


def refuse_two_expiries(limits: Limits | None, expires_at: int | None) -> None:
    """Raises `InvalidRequest` where both say when a key expires."""
    if expires_at is not None and limits is not None and limits.expires_at is not None:
        raise _two_expiries()


def _two_expiries() -> InvalidRequest:
    message = "'expires_in_seconds' and 'limits.expires_at' both say when the key expires; send one of them."
    return InvalidRequest(message, param="expires_in_seconds")


def refuse_scopes(fields: BodyFields) -> None:
    """Keys have no scopes here; an empty list asks for none."""
    if fields.take("scopes"):
        message = "'scopes' is not supported: a key may do all that its project may. Use 'limits' to restrict it."
        raise InvalidRequest(message, param="scopes", code="unsupported_value")
