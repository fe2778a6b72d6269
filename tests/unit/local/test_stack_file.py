from __future__ import annotations

import dataclasses
import json
import os
import socket
from pathlib import Path

import pytest

from local import stack_file
from local.settings import StackError
from local.stack_file import StackInfo

INFO = StackInfo(
    base_url="http://127.0.0.1:9/v1",
    api_key="sk-a",
    admin_key="sk-admin-b",
    aws_endpoint_url="http://127.0.0.1:10",
    region="us-east-1",
    aws_access_key_id="AKIA",
    aws_secret_access_key="s",
    bucket="b",
    table="t",
    pid=os.getpid(),
)


def test_the_file_is_private_and_has_exactly_the_documented_fields(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"

    stack_file.write(path, INFO)

    assert json.loads(path.read_text()) == dataclasses.asdict(INFO)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_only_the_stack_that_wrote_the_file_removes_it(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    stack_file.write(path, dataclasses.replace(INFO, pid=os.getppid()))
    stack_file.remove(path)
    assert path.exists()

    stack_file.write(path, INFO)
    stack_file.remove(path)
    stack_file.remove(path)
    assert not path.exists()


def test_a_leftover_file_is_ignored_and_one_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    with socket.create_server(("127.0.0.1", 0)) as server:
        running = dataclasses.replace(INFO, base_url=f"http://127.0.0.1:{server.getsockname()[1]}/v1")
        stack_file.write(path, running)
        with pytest.raises(StackError, match=r"belongs to a running stack \(process \d+\)"):
            stack_file.check_free(path)
    stack_file.check_free(path)
    path.write_text("{")
    stack_file.check_free(path)


def test_a_missing_folder_is_created_and_an_unusable_path_is_named(tmp_path: Path) -> None:
    stack_file.check_free(tmp_path / "new" / "stack.json")
    assert (tmp_path / "new").is_dir()

    (tmp_path / "file").touch()
    for impossible in (tmp_path, tmp_path / "file" / "stack.json"):
        with pytest.raises(StackError, match="cannot be written"):
            stack_file.check_free(impossible)
