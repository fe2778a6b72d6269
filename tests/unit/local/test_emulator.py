from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from local import emulator
from local.emulator import MiniStack
from local.settings import StackError, StackSettings


def test_an_emulator_that_does_not_start_is_reported_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "emulator_process.py").write_text(
        "import os, sys\n"
        "print('a line', sorted({'AUTH', 'SECRET', 'AWS_PROFILE'} & os.environ.keys()), flush=True)\n"
        "sys.exit('out of luck')\n"
    )
    monkeypatch.setattr(emulator, "_PACKAGES", tmp_path)
    settings = StackSettings.from_environment({"SECRET": "x", "AWS_PROFILE": "work"}, tmp_path, tmp_path)

    async def scenario() -> None:
        ministack = MiniStack(settings)
        ministack.start("127.0.0.1:9")
        try:
            await ministack.ready()
        finally:
            ministack.kill()

    with pytest.raises(StackError, match="MiniStack did not start: out of luck"):
        asyncio.run(scenario())
    assert capfd.readouterr().out.splitlines()[0] == "aws | a line ['AUTH']"  # and none of the operator's variables


def test_every_start_has_new_root_credentials(tmp_path: Path) -> None:
    settings = StackSettings.from_environment({}, tmp_path, tmp_path)
    one, other = MiniStack(settings), MiniStack(settings)

    assert one.aws.access_key_id != other.aws.access_key_id
    assert one.aws.secret_access_key != other.aws.secret_access_key
    assert one.aws.endpoint_url != other.aws.endpoint_url
    one.kill()
    other.kill()
