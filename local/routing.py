"""Which route serves a request, by API Gateway's rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from local.rest_api import Route

_PARAMETER: Final = re.compile(r"^\{([^}+]+)(\+?)\}$")


@dataclass(frozen=True, slots=True)
class Match:
    """A route and what its path variables stand for, still percent-encoded as API Gateway hands them on."""

    route: Route
    path_parameters: dict[str, str]


class Router:
    """An exact segment wins over {one}, which wins over {greedy+}; a method of its own wins over ANY."""

    def __init__(self, routes: Iterable[Route]) -> None:
        by_resource: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_resource.setdefault(route.resource, {})[route.method] = route
        self._resources = [
            (_pattern(resource), _names(resource), by_resource[resource])
            for resource in sorted(by_resource, key=_specificity)
        ]

    def match(self, method: str, path: str) -> Match | None:
        """The route for a path without its stage, or None. A slash at the end makes no difference."""
        trimmed = path.rstrip("/") or "/"
        for pattern, names, methods in self._resources:
            found = pattern.fullmatch(trimmed)
            if found is not None:
                # The resource is chosen by path alone: a method that it lacks is not looked for elsewhere.
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
