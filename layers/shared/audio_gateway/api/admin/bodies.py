"""The fields that bodies of admin requests share."""

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
"""The most characters of a name."""

MAX_EXPIRES_IN: Final = 31_536_000
"""A year in seconds, as in OpenAI's API."""

Catalogue = Callable[[], Catalog] | None
"""Gives the catalogue, which only requests with `limits.models` need; None if there is none."""


async def fields_of(request: Request) -> BodyFields:
    """The fields of a JSON body."""
    return BodyFields(read_object(request.headers.get("content-type"), await body_of(request)))


async def refuse_fields(request: Request) -> None:
    """For a request without fields, whose body is empty or an empty object."""
    if await body_of(request):
        (await fields_of(request)).refuse_the_rest()


def name_of(fields: BodyFields, *, required: bool) -> str:
    """The `name`, one line of printable characters; empty if absent."""
    name = fields.text("name", required=required)
    if len(name) > MAX_NAME:
        raise InvalidRequest(f"'name' has {len(name):,} characters; shorten it to {MAX_NAME} or fewer.", param="name")
    if name and (not name.isprintable() or name.isspace()):
        raise InvalidRequest("'name' must be one line of printable characters.", param="name")
    return name


def expiry_of(fields: BodyFields, now_s: float) -> int | None:
    """The Unix second at which a key expires, by `expires_in_seconds`."""
    seconds = fields.whole("expires_in_seconds", low=1, high=MAX_EXPIRES_IN)
    return None if seconds is None else int(now_s) + seconds


def limits_of(fields: BodyFields, catalog: Catalogue = None) -> Limits | None:
    """The `limits`; None if they are absent. Their `models` must be in the catalogue."""
    given = fields.pop("limits")
    return None if given is None else _limits_from(given, catalog)


def _limits_from(given: Any, catalog: Catalogue) -> Limits:
    limits = limits_from_api(given)
    if limits.models is not None and catalog is not None:
        known = catalog().names()
        unknown = [name for name in limits.models if name not in known]
        if unknown:
            message = f"'limits.models' is wrong: the catalogue has no model '{unknown[0][:200]}'; send any of:"
            raise InvalidRequest(f"{message} {', '.join(known)}.", param="limits.models")
    return limits


def limits_with_expiry(fields: BodyFields, now_s: float, catalog: Catalogue) -> Limits:
    """The limits of a new key, whose expiry may be in `limits` or in `expires_in_seconds`."""
    limits, expires_at = limits_of(fields, catalog) or Limits(), expiry_of(fields, now_s)
    refuse_two_expiries(limits, expires_at)
    return limits if expires_at is None else replace(limits, expires_at=expires_at)


def change_of_limits(fields: BodyFields, now_s: float, catalog: Catalogue) -> Callable[[Limits], Limits] | None:
    """How `limits` and `expires_in_seconds` change a key's limits; None if both are absent."""
    given, expires_at = fields.pop("limits"), expiry_of(fields, now_s)
    given = {} if given is None else given
    change = limits_changed_by(given, _limits_from(given, catalog))
    if expires_at is None:
        return change if given else None
    if "expires_at" in given:
        raise _two_expiries()
    return lambda limits: replace(change(limits), expires_at=expires_at)


def refuse_two_expiries(limits: Limits | None, expires_at: int | None) -> None:
    """Raises `InvalidRequest` if both fields set when a key expires."""
    if expires_at is not None and limits is not None and limits.expires_at is not None:
        raise _two_expiries()


def _two_expiries() -> InvalidRequest:
    message = "'expires_in_seconds' and 'limits.expires_at' both set when the key expires; send one of them."
    return InvalidRequest(message, param="expires_in_seconds")


def refuse_scopes(fields: BodyFields) -> None:
    """Keys have no scopes; an empty list is accepted."""
    if fields.pop("scopes"):
        message = "'scopes' is not supported; use 'limits' to restrict a key."
        raise InvalidRequest(message, param="scopes", code="unsupported_value")
