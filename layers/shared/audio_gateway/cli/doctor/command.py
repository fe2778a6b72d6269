"""The command `doctor`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.doctor.api import Api
from audio_gateway.cli.doctor.check import Result, State
from audio_gateway.cli.doctor.checks import GROUPS
from audio_gateway.cli.doctor.find import stack_of
from audio_gateway.cli.doctor.run import results
from audio_gateway.cli.doctor.visit import Visit
from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.output import Output, printable, remark

_COLOURS: Final[dict[State, str]] = {"green": "green", "red": "red", "skipped": "yellow"}
_INTERRUPTED: Final = 130
_NAME_WIDTH: Final = max(len(check.name) for group in GROUPS for check in group.checks)
_INDENT: Final = " " * (len("skipped") + _NAME_WIDTH + 4)

CatalogFile = Annotated[
    Path | None,
    typer.Option("--catalog", metavar="PATH", help="The catalogue that was deployed; default: as for `catalog check`."),
]


def doctor(gateway: Gateway, output: Output, *, catalog: CatalogFile = None) -> None:
    """Check that a gateway works: call it as callers do, and compare what AWS says of it with its template.

    One line for each check: green, red with what to do, or skipped with the reason. The calls are those of a temporary
    key with a small budget, and what they make is taken away again, also on Ctrl-C. Exit code 1 if anything is red.
    """
    stack = stack_of(gateway)
    visit = Visit(stack, gateway, Api(stack.base_url), None if catalog is None else str(catalog))
    found: list[Result] = []
    interrupted = False
    with _sigterm_as_ctrl_c():
        try:
            with closing(results(GROUPS, visit)) as coming:
                for result in coming:
                    if not output.as_json:
                        _show(result, is_first=not found or found[-1].group != result.group)
                    found.append(result)
        except KeyboardInterrupt:
            interrupted = True
            remark("Stopping; what was made is taken away.")
        left = visit.leave()
    for what, why in left:
        remark(f"{what} could not be taken away: {why}")
    count = {str(state): sum(result.state == state for result in found) for state in _COLOURS}
    total = count | {"left_behind": len(left)}
    if output.as_json:
        output.data({"object": "doctor", "gateway": _called(visit), "data": [*map(_data, found)], "total": total})
    else:
        typer.echo(f"\n{_called(visit)}: {count['green']} green, {count['red']} red, {count['skipped']} skipped")
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if count["red"] or left:
        raise typer.Exit(1)


def _called(visit: Visit) -> str:
    return "the local stack" if visit.stack.local else f"{visit.stack.name} in {visit.stack.region}"


def _show(result: Result, *, is_first: bool) -> None:
    if is_first:
        typer.secho(f"{result.group}", bold=True)
    typer.secho(f"  {result.state:<7}", nl=False, fg=_COLOURS[result.state])
    text = result.text if result.state != "red" else f"{result.text}. Right is: {result.check.right}"
    typer.echo(f"  {result.check.name:<{_NAME_WIDTH}}  {printable(text)}")
    if result.do:
        typer.echo(f"{_INDENT}{printable(result.do)}")


def _data(result: Result) -> dict[str, Any]:
    """The documented object."""
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
    """Whoever ends the command by its id wants no temporary keys left, either."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread: as in a test
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
