"""The command `doctor`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.doctor.api import ApiClient
from audio_gateway.cli.doctor.check import CheckResult, State
from audio_gateway.cli.doctor.checks import GROUPS
from audio_gateway.cli.doctor.context import CheckContext
from audio_gateway.cli.doctor.find_stack import stack_of
from audio_gateway.cli.doctor.run import results
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.output import Output, note, printable

_COLOURS: Final[dict[State, str]] = {"green": "green", "red": "red", "skipped": "yellow"}
_INTERRUPTED: Final = 130
_NAME_WIDTH: Final = max(len(check.name) for group in GROUPS for check in group.checks)
_INDENT: Final = " " * (len("skipped") + _NAME_WIDTH + 4)

CatalogFile = Annotated[
    Path | None,
    typer.Option("--catalog", metavar="PATH", help="The deployed catalogue. Default: as for `catalog check`."),
]


def doctor(gateway: Gateway, output: Output, *, catalog: CatalogFile = None) -> None:
    """Check that a gateway works: call it as callers do, and compare its AWS resources with the template.

    Prints one line per check: green, red with the remedy, or skipped with the reason. The calls use a temporary key
    with a small budget. Everything they create is removed at the end, even after Ctrl-C. Exit code 1 if anything is
    red.
    """
    stack = stack_of(gateway)
    context = CheckContext(stack, gateway, ApiClient(stack.base_url), None if catalog is None else str(catalog))
    found: list[CheckResult] = []
    interrupted = False
    with _sigterm_as_ctrl_c():
        try:
            with closing(results(GROUPS, context)) as coming:
                for result in coming:
                    if not output.as_json:
                        _show(result, is_first=not found or found[-1].group != result.group)
                    found.append(result)
        except KeyboardInterrupt:
            interrupted = True
            note("Stopping. Removing what the checks created.")
        left = context.clean_up()
    for what, why in left:
        note(f"{what} could not be removed: {why}")
    count = {str(state): sum(result.state == state for result in found) for state in _COLOURS}
    total = count | {"left_behind": len(left)}
    if output.as_json:
        output.data({"object": "doctor", "gateway": _called(context), "data": [*map(_data, found)], "total": total})
    else:
        typer.echo(f"\n{_called(context)}: {count['green']} green, {count['red']} red, {count['skipped']} skipped")
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if count["red"] or left:
        raise typer.Exit(1)


def _called(context: CheckContext) -> str:
    return "the local stack" if context.stack.local else f"{context.stack.name} in {context.stack.region}"


def _show(result: CheckResult, *, is_first: bool) -> None:
    if is_first:
        typer.secho(f"{result.group}", bold=True)
    typer.secho(f"  {result.state:<7}", nl=False, fg=_COLOURS[result.state])
    text = result.text if result.state != "red" else f"{result.text}. Expected: {result.check.right}"
    typer.echo(f"  {result.check.name:<{_NAME_WIDTH}}  {printable(text)}")
    if result.do:
        typer.echo(f"{_INDENT}{printable(result.do)}")


def _data(result: CheckResult) -> dict[str, Any]:
    """Return the documented JSON object."""
    return {
        "object": "doctor.check",
        "name": result.check.name,
        "group": result.group,
        "right": result.check.right,
        "state": result.state,
        "text": result.text,
        "do": result.do,
        "seconds": round(result.seconds, 3),
    }


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so it leaves no temporary keys behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread, as in a test
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
