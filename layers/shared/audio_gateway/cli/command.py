"""Registers commands: shared options are defined once, and errors are reported in one place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, TypeGuard, TypeVar, get_type_hints

import typer

from audio_gateway.cli.failures import errors_reported

_Function = TypeVar("_Function", bound=Callable[..., None])


def command(app: typer.Typer, name: str) -> Callable[[_Function], _Function]:
    """Register a function as a command.

    Each field of a parameter whose type is a dataclass becomes an option. The function receives the dataclass.
    """

    def register(function: _Function) -> _Function:
        own = inspect.signature(function, eval_str=True).parameters.values()
        shared = {each.name: each.annotation for each in own if _is_option_group(each.annotation)}

        @wraps(function)
        def run(**given: Any) -> None:
            with errors_reported():
                for parameter, options in shared.items():
                    given[parameter] = options(**{field.name: given.pop(field.name) for field in fields(options)})
                function(**given)

        taken = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own if each.name not in shared]
        for options in shared.values():
            taken += _parameters(options)
        run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined] # what inspect reads, and so typer
        app.command(name)(run)
        return function

    return register


def _is_option_group(annotation: Any) -> TypeGuard[type[Any]]:
    return is_dataclass(annotation)


def _parameters(options: type[Any]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(options, include_extras=True)
    for field in fields(options):
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
