"""Finds the route of a request by API Gateway's rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from local.rest_api import Route

_PARAMETER: Final = re.compile(r"^\{([^}+]+)(\+?)\}$")


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the values of its path parameters, percent-encoded as API Gateway forwards them."""

    route: Route
    path_parameters: dict[str, str]


class Router:
    """Finds routes: an exact segment precedes {one}, which precedes {greedy+}. A specific method precedes ANY."""

    def __init__(self, routes: Iterable[Route]) -> None:
        by_resource: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_resource.setdefault(route.resource, {})[route.method] = route
        self._resources = [
            (_pattern(resource), _names(resource), by_resource[resource])
            for resource in sorted(by_resource, key=_specificity)
        ]

    def match(self, method: str, path: str) -> Match | None:
        """Return the route for a path without its stage, or None. A trailing slash is ignored."""
        trimmed = path.rstrip("/") or "/"
        for pattern, names, methods in self._resources:
            found = pattern.fullmatch(trimmed)
            if found is not None:
                # The path alone selects the resource: a method that it lacks is not searched elsewhere.
                route = methods.get(method) or methods.get("ANY")
                return None if route is None else Match(route, dict(zip(names, found.groups(), strict=True)))
        return None


def _segments(resource: str) -> list[str]:
    return resource.strip("/").split("/")


def _specificity(resource: str) -> list[tuple[int, str]]:
    ranks = []
    for segment in _segments(resource):
        parameter = _PARAMETER.match(segment)
        rank = 0 if parameter is None else 1 + bool(parameter.group(2))
        ranks.append((rank, segment))
    return ranks


def _names(resource: str) -> list[str]:
    return [match.group(1) for segment in _segments(resource) if (match := _PARAMETER.match(segment))]


def _pattern(resource: str) -> re.Pattern[str]:
    parts = []
    for segment in _segments(resource):
        parameter = _PARAMETER.match(segment)
        if parameter is None:
            parts.append(re.escape(segment))
        else:
            parts.append("(.+)" if parameter.group(2) else "([^/]+)")
    return re.compile("/" + "/".join(parts))
