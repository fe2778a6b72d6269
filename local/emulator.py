"""Starts and stops the local AWS: MiniStack in a separate process, or an emulator that the operator runs."""

from __future__ import annotations

import asyncio
import secrets
import string
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from local.aws import LocalAws
from local.console import PrefixedLines
from local.environments import close_output, kill_group, spawn, watch_output
from local.http_server import listen, port_of
from local.settings import ExternalAws, StackError, StackSettings

_PACKAGES: Final = Path(__file__).resolve().parent.parent  # the folder that contains `local`
_PATIENCE_S: Final = 30
_POLL_S: Final = 0.05
_KEY_LETTERS: Final = string.ascii_uppercase + "234567"


class MiniStack:
    """MiniStack with authorisation on. Its state is in memory only."""

    def __init__(self, settings: StackSettings) -> None:
        self._settings = settings
        self._lines = PrefixedLines("aws")
        self._process: subprocess.Popen[bytes] | None = None
        # Bound here and inherited, so that no other program can take the port before MiniStack starts.
        self._socket = listen()
        self.aws = LocalAws(
            endpoint_url=f"http://127.0.0.1:{port_of(self._socket)}",
            region=settings.region,
            access_key_id="AKIA" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16)),
            secret_access_key=secrets.token_urlsafe(30),
        )

    def start(self, invoke_url: str) -> None:
        """Start the process. It sends every call of a Lambda function to the Invoke API at `invoke_url`."""
        command = [sys.executable, "-m", "local.emulator_process", str(self._socket.fileno()), invoke_url]
        fds = (self._socket.fileno(),)
        self._process = spawn(command, self._variables(), cwd=str(_PACKAGES), pass_fds=fds)
        watch_output(self._process, self._lines)
        self._socket.close()

    async def ready(self) -> None:
        """Wait until it responds. Raises `StackError` if it ends or takes too long."""
        give_up_at = time.monotonic() + _PATIENCE_S
        while not await _answers(self.aws.endpoint_url):
            if self.ended() or time.monotonic() > give_up_at:
                raise StackError(f"MiniStack did not start: {self.last_line}")
            await asyncio.sleep(_POLL_S)

    def ended(self) -> bool:
        """Whether its process has ended."""
        return self._process is not None and self._process.poll() is not None

    @property
    def last_line(self) -> str:
        """The last line that it printed."""
        if self._process is not None and self.ended() and self._process.stdout and not self._process.stdout.closed:
            close_output(self._process, self._lines)
        return self._lines.last_line or "it printed nothing; run `make run` to install it again"

    def kill(self) -> None:
        """Kill the process."""
        if self._process is not None and not self.ended():
            kill_group(self._process)
            self._process.wait()
        self._socket.close()

    def _variables(self) -> dict[str, str]:
        operator = self._settings.operator
        return {
            **{name: operator[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in operator},
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": self.aws.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.aws.secret_access_key,
            "MINISTACK_REGION": self.aws.region,
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": self.aws.endpoint_url.rsplit(":", 1)[1],
            "BIND_HOST": "127.0.0.1",
            "LOG_LEVEL": "ERROR",
            # No unused listeners, and no access to the operator's containers.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent",
        }


def external(settings: StackSettings, found: ExternalAws) -> LocalAws:
    """Return the emulator that the operator's environment names."""
    return LocalAws(found.endpoint_url, settings.region, found.access_key_id, found.secret_access_key)


async def _answers(endpoint_url: str) -> bool:
    """Whether it responds over HTTP. The socket accepts connections long before that."""
    host, port = endpoint_url.removeprefix("http://").split(":")
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read(12)
            writer.close()
    except (OSError, TimeoutError):
        return False
    return answer.startswith(b"HTTP/1.1 200")
