"""The command tree."""

from __future__ import annotations

from typing import Annotated

import typer

import audio_gateway
from audio_gateway.cli.catalog import catalog
from audio_gateway.cli.command import command
from audio_gateway.cli.doctor.command import doctor
from audio_gateway.cli.env import env
from audio_gateway.cli.holds import holds
from audio_gateway.cli.jobs import jobs
from audio_gateway.cli.keys import keys
from audio_gateway.cli.ledger import ledger
from audio_gateway.cli.logs import logs
from audio_gateway.cli.models_and_voices import models, voices
from audio_gateway.cli.projects import projects
from audio_gateway.cli.reports import costs, usage
from audio_gateway.cli.speak import speak
from audio_gateway.cli.transcribe import transcribe
from audio_gateway.cli.webhooks import webhooks

app = typer.Typer(
    name="audio-gateway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"audio-gateway {audio_gateway.__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Use an audio gateway (`transcribe`, `speak`, `models`, `voices`), or operate one: keys, costs, jobs, webhooks.

    By default, commands use the local stack (`make run`). To use a deployed gateway, users set OPENAI_BASE_URL and
    OPENAI_API_KEY, and operators give --stack-name or --table. All operator commands accept --json. Exit codes: 0
    success, 1 failure, 2 invalid command line. `doctor` checks whether a gateway works.
    """


command(app, "transcribe")(transcribe)
command(app, "speak")(speak)
command(app, "models")(models)
command(app, "voices")(voices)
app.add_typer(keys, name="keys")
app.add_typer(projects, name="projects")
command(app, "usage")(usage)
command(app, "costs")(costs)
command(app, "holds")(holds)
command(app, "ledger")(ledger)
app.add_typer(jobs, name="jobs")
app.add_typer(webhooks, name="webhooks")
app.add_typer(catalog, name="catalog")
command(app, "doctor")(doctor)
command(app, "logs")(logs)
command(app, "env")(env)


def main() -> None:
    """Run the command line."""
    app(prog_name="audio-gateway")  # the same name under `python -m audio_gateway`
