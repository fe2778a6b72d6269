"""Options of the commands that call the API: base URL and key."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from audio_gateway.cli.failures import CommandFailed, UsageError
from audio_gateway.cli.gateway import CHECKOUT

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

_PANEL: Final = "Gateway (default: OPENAI_BASE_URL, or else the local stack)"
_NEXT_STEPS: Final = {
    401: "Check the key. It comes from --api-key, or from OPENAI_API_KEY if OPENAI_BASE_URL is set.",
    403: "This key is not allowed to do this. Ask the operator of the gateway.",
    413: "Compress the file (Opus or MP3, mono) or split it.",
    429: "The key has reached a limit. Wait, or ask the operator of the gateway to raise it.",
}
_TRY_LATER: Final = "Try again later."
_SERVER_ERROR: Final = 500


@dataclass(frozen=True)
class ApiOptions:
    """The base URL of a gateway and the key to call it with.

    OPENAI_API_KEY is used only together with a base URL. Many shells hold a key for OpenAI itself, which must not be
    sent to another server.
    """

    base_url: Annotated[
        str | None, typer.Option(help="For example, https://example.com/v1.", metavar="URL", rich_help_panel=_PANEL)
    ] = None
    api_key: Annotated[
        str | None,
        typer.Option(
            help="API key. Prefer OPENAI_API_KEY: it stays out of the shell's history.",
            metavar="KEY",
            rich_help_panel=_PANEL,
        ),
    ] = None

    def address(self) -> tuple[str, str]:
        """Return the base URL and the key.

        Raises:
            UsageError: no base URL or no key is set, and no local stack is running.
            CommandFailed: the stack file is invalid.
        """
        base_url = self.base_url or os.environ.get("OPENAI_BASE_URL")
        if base_url:
            key = self.api_key or os.environ.get("OPENAI_API_KEY")
            if not key:
                raise UsageError(f"No key for {base_url}: set OPENAI_API_KEY, or give --api-key.")
            return base_url, key
        found = _local_stack()
        return found["base_url"], self.api_key or found["api_key"]

    def client(
        self,
        *,
        on_upload: Callable[[int, int], None] | None = None,
        on_job: Callable[[dict[str, Any]], None] | None = None,
    ) -> OpenAI:
        """Return an SDK client that uploads big files and waits for jobs. Raises as `address` does."""
        try:
            from openai import OpenAI

            import audio_gateway_client
        except ModuleNotFoundError as error:
            message = f"The package '{error.name}' is not installed."
            raise CommandFailed(f"{message}\nRun `make cli`, or: pip install ./clients/python") from error
        base_url, api_key = self.address()
        http_client = audio_gateway_client.http_client(on_upload=on_upload, on_job=on_job)
        return OpenAI(base_url=base_url, api_key=api_key, http_client=http_client)

    def get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """Send a GET request and return the JSON object."""
        import httpx2

        with api_errors_reported(), self.client() as client:
            answer = client.get(path, cast_to=httpx2.Response, options={"params": query})
        found: dict[str, Any] = answer.json()
        return found

    def model(self, wanted: str | None, endpoint: str, language: str | None = None) -> str:
        """Return `wanted`, or by default the gateway's first model for this endpoint that knows the language."""
        if wanted is not None:
            return wanted
        able = [each for each in self.get("/models", {"type": "audio"})["data"] if endpoint in each["endpoints"]]
        knowing = [each for each in able if language is None or language in (each["languages"] or (language,))]
        for model in knowing or able:
            return str(model["id"])
        raise CommandFailed(f"The gateway has no model for {endpoint}. Its operator can add one to the catalogue.")


@contextmanager
def api_errors_reported() -> Iterator[None]:
    """Turn the SDK's errors into `CommandFailed`, and add the next step."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise CommandFailed(_of_status(error)) from error
    except openai.APIConnectionError as error:
        cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
        step = "Check the base URL and the network. `make run` starts the local stack."
        raise CommandFailed(f"{error.message}{cause}\n{step}") from error
    except openai.OpenAIError as error:
        raise CommandFailed(str(error)) from error


def _of_status(error: APIStatusError) -> str:
    said = error.body if isinstance(error.body, dict) else {}
    message = str(said.get("message") or error.message)
    if error.request_id:
        message += f" (request {error.request_id})"
    step = _NEXT_STEPS.get(error.status_code)
    if error.status_code >= _SERVER_ERROR and error.response.headers.get("x-should-retry") != "false":
        step = _TRY_LATER
    return message if step is None else f"{message}\n{step}"


def _local_stack() -> dict[str, str]:
    path = Path.cwd() / (os.environ.get("STACK_FILE") or CHECKOUT / ".local" / "stack.json")
    try:
        found = json.loads(path.read_text("utf-8"))
        return {name: str(found[name]) for name in ("base_url", "api_key")}
    except FileNotFoundError as error:
        step = (
            "Start it with `make run`, or name a gateway with OPENAI_BASE_URL and OPENAI_API_KEY, or with --base-url."
        )
        raise UsageError(f"No local stack is running: {path} does not exist.\n{step}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandFailed(
            f"{path} is not a stack file.\nSTACK_FILE must name a file that `make run` wrote."
        ) from error
