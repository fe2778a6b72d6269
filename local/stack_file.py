"""The stack file: a JSON file that exists while the stack is ready, and tells other programs how to reach it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local.settings import StackError


@dataclass(frozen=True, slots=True)
class StackInfo:
    """The content of the file. The credentials are the root credentials of the local AWS."""

    base_url: str
    api_key: str
    admin_key: str
    aws_endpoint_url: str
    region: str
    aws_access_key_id: str
    aws_secret_access_key: str
    bucket: str
    table: str
    pid: int


def check_free(path: Path) -> None:
    """Check that the file can be used. A leftover file of a stopped stack does not matter.

    Raises `StackError` if it belongs to a running stack, or cannot be written.
    """
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(path.read_text("utf-8"))
        if _listening(found["base_url"]) and _alive(found["pid"]):
            raise StackError(
                f"{path} belongs to a running stack (process {found['pid']}): stop that stack, or set STACK_FILE to "
                "another path"
            )
    try:
        if path.is_dir():
            raise StackError(f"STACK_FILE {path} cannot be written (it is a folder): choose another path")
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()  # os.access is no proof: root may write anywhere
    except OSError as error:
        raise StackError(f"STACK_FILE {path} cannot be written ({error.strerror}): choose another path") from error


def write(path: Path, info: StackInfo) -> None:
    """Write the file atomically. Only its owner can read it, because it holds keys."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(dataclasses.asdict(info), file, indent=2)
        file.write("\n")
    Path(temporary).replace(path)


def remove(path: Path) -> None:
    """Remove the file if it belongs to this process."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if json.loads(path.read_text("utf-8"))["pid"] == os.getpid():
            path.unlink()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _listening(base_url: str) -> bool:
    address = urlsplit(base_url)
    try:
        with socket.create_connection((address.hostname, address.port), timeout=1):
            return True
    except OSError:
        return False
