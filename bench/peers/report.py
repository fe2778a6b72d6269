"""The results as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from bench.peers.figures import ratio

OURS: Final = ("ours, handler", "ours, stack")
THEIRS: Final = ("LiteLLM", "Portkey")
_COLUMNS: Final = {
    "p50 ms": "p50_ms",
    "p99 ms": "p99_ms",
    "requests/s": "per_second",
    "CPU ms/request": "cpu_ms",
    "errors": "errors",
}
_STREAM_COLUMNS: Final = {
    "first byte p50 ms": "first_p50_ms",
    "first byte p95 ms": "first_p95_ms",
    "piece p50 ms": "delay_p50_ms",
    "piece p95 ms": "delay_p95_ms",
    "CPU ms/request": "cpu_ms",
    "errors": "errors",
}


def report(results: dict[str, Any]) -> str:
    """All tables in Markdown: the systems, and one table for each kind of request."""
    parts = [_about(results), _systems(results["systems"])]
    kinds = dict.fromkeys((cell["case"], cell["concurrency"]) for cell in results["cells"])
    for case, concurrency in kinds:
        cells = [cell for cell in results["cells"] if (cell["case"], cell["concurrency"]) == (case, concurrency)]
        parts.append(f"{case}, {concurrency} at a time\n\n{_cells(cells, streamed=case == 'stream')}")
    return "\n\n".join(parts) + "\n"


def _about(results: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    machine = f"{results['cpu']}, {results['cores']} cores, load average {results['load_average']} before"
    return f"{results['date']}, {machine}; {versions}"


def _systems(systems: Sequence[dict[str, Any]]) -> str:
    head = ("system", "ready after s", "processes", "idle MB", "after MB", "remarks")
    rows = [
        (
            each["name"],
            _number(each.get("ready_s")),
            _number(each.get("processes")),
            _number(each.get("idle_mb")),
            _number(each.get("after_mb")),
            "; ".join(each["remarks"]),
        )
        for each in systems
    ]
    return table(head, rows)


def _cells(cells: Sequence[dict[str, Any]], *, streamed: bool) -> str:
    columns = _STREAM_COLUMNS if streamed else _COLUMNS
    by_name = {cell["system"]: cell for cell in cells}
    compared = "first_p50_ms" if streamed else "p50_ms"
    against = ("direct", *THEIRS)
    head = ("system", *columns, *(f"x {name}" for name in against))
    rows = []
    for name, cell in by_name.items():
        shown = against if name in OURS else ("direct",)
        ratios = [
            _number(ratio(cell[compared], by_name[other][compared])) if other in shown and other in by_name else ""
            for other in against
        ]
        rows.append((name, *(_number(cell[key]) for key in columns.values()), *ratios))
    return table(head, rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, with columns of equal width so that it can be read in a terminal."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"
