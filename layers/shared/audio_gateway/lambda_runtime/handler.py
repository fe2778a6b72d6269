"""Finds the function's handler, as `Handler` in the template names it."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from audio_gateway.lambda_runtime.failure import Failure


class NoHandler(Exception):
    """The function cannot start. `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def load_handler(name: str) -> Any:
    """Import `module.attribute` or `folder/module.attribute`. The error types are those of AWS's runtime client.

    Raises:
        NoHandler: the name is malformed, the import raised an exception, or the module has no such attribute.
    """
    path, dot, attribute = name.rpartition(".")
    if not dot:
        raise _no_handler("MalformedHandlerName", f"Bad handler '{name}': it must be module.attribute")
    if path.split(".")[0] in sys.builtin_module_names:
        raise _no_handler("BuiltInModuleConflict", f"Cannot use built-in module {path} as a handler module")
    try:
        module = importlib.import_module(path.replace("/", "."))
    except ImportError as error:
        raise _no_handler("ImportModuleError", f"Unable to import module '{path}': {error}") from error
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise _no_handler("UserCodeSyntaxError", f"Syntax error in module '{path}': {error}", [place]) from error
    except Exception as error:
        raise NoHandler(Failure.of(error)) from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise _no_handler("HandlerNotFound", f"Handler '{attribute}' missing on module '{path}'") from error


def _no_handler(error_type: str, message: str, stack: list[str] | None = None) -> NoHandler:
    return NoHandler(Failure(f"Runtime.{error_type}", message, stack or []))
