"""Which gateway people call, and as whom: the commands that use the API and not the table."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from audio_gateway.cli.failures import Failed, WrongUse
from audio_gateway.cli.gateway import CHECKOUT

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

_PANEL: Final = "Which gateway (default: OPENAI_BASE_URL, else the local stack)"
_NEXT_STEPS: Final = {
    401: "Is the key right? It is taken from --api-key, or from OPENAI_API_KEY with OPENAI_BASE_URL.",
    403: "The key may not do this; the operator of the gateway can allow it.",
    413: "Compress the file (Opus or MP3, mono) or split it.",
    429: "A limit of the key is reached. Wait a while, or ask the operator of the gateway to raise it.",
}
_TRY_LATER: Final = "Try again later."
_SERVER_ERROR: Final = 500


@dataclass(frozen=True)
class Caller:
    """The options that say which gateway, and with which key.

    The key of the environment is used only with a base URL: it must not go to a gateway that it is not for, and a key
    for OpenAI itself is in many shells.
    """

    base_url: Annotated[
        str | None, typer.Option(help="Such as https://example.com/v1.", metavar="URL", rich_help_panel=_PANEL)
    ] = None
    api_key: Annotated[
        str | None,
        typer.Option(
            help="The key; OPENAI_API_KEY keeps it out of the shell's history.", metavar="KEY", rich_help_panel=_PANEL
        ),
    ] = None

    def address(self) -> tuple[str, str]:
        """The base URL and the key; raises `WrongUse` if one of them is nowhere, `Failed` for a file of no stack."""
        base_url = self.base_url or os.environ.get("OPENAI_BASE_URL")
        if base_url:
            key = self.api_key or os.environ.get("OPENAI_API_KEY")
            if not key:
                raise WrongUse(f"There is no key for {base_url}: set OPENAI_API_KEY, or give --api-key.")
            return base_url, key
        found = _local_stack()
        return found["base_url"], self.api_key or found["api_key"]

    def client(
        self,
        *,
        on_upload: Callable[[int, int], None] | None = None,
        on_job: Callable[[dict[str, Any]], None] | None = None,
    ) -> OpenAI:
        """A client that uploads big files and waits for jobs; raises as `address`."""
        try:
            from openai import OpenAI

            import audio_gateway_client
        except ModuleNotFoundError as error:
            message = f"This command needs the package '{error.name}'."
            raise Failed(
                f"{message}\n`make cli` installs it into .venv, as does: pip install ./clients/python"
            ) from error
        base_url, api_key = self.address()
        http_client = audio_gateway_client.http_client(on_upload=on_upload, on_job=on_job)
        return OpenAI(base_url=base_url, api_key=api_key, http_client=http_client)

    def get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """The object that a GET answers with."""
        import httpx2

        with told_by_the_gateway(), self.client() as client:
            answer = client.get(path, cast_to=httpx2.Response, options={"params": query})
        found: dict[str, Any] = answer.json()
        return found

    def model(self, wanted: str | None, endpoint: str) -> str:
        """The model that is wanted, or else the gateway's first one for this endpoint."""
        if wanted is not None:
            return wanted
        for model in self.get("/models", {"type": "audio"})["data"]:
            if endpoint in model["endpoints"]:
                return str(model["id"])
        raise Failed(f"The gateway has no model for {endpoint}. Its operator lists models in the catalogue.")


@contextmanager
def told_by_the_gateway() -> Iterator[None]:
    """Turn the SDK's errors into `Failed`, with the next step."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise Failed(_of_status(error)) from error
    except openai.APIConnectionError as error:
        cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
        step = "Is the base URL right, and the network there? The local stack is started with `make run`."
        raise Failed(f"{error.message}{cause}\n{step}") from error
    except openai.OpenAIError as error:
        raise Failed(str(error)) from error


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
        raise WrongUse(f"No local stack is running: there is no {path}.\n{step}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failed(
            f"{path} is no file of a local stack.\nSTACK_FILE must be a file that `make run` wrote."
        ) from error
