"""Tables of measurements: printed for people, and saved as JSON in bench/results for comparisons."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass
class ResultRow:
    """A row: a name, and a figure or None per column."""

    name: str
    figures: Sequence[float | None]


@dataclass
class ResultTable:
    """Measurements of one run, which can be compared with each other."""

    title: str
    columns: list[str]
    rows: list[ResultRow] = field(default_factory=list)

    def add(self, row: ResultRow) -> None:
        self.rows.append(row)

    def __str__(self) -> str:
        width = max(len(row.name) for row in self.rows) + 2
        lines = [self.title, " " * width + "".join(f"{column:>12}" for column in self.columns)]
        for row in self.rows:
            cells = ("" if figure is None else f"{figure:,.3f}" for figure in row.figures)
            lines.append(row.name.ljust(width) + "".join(f"{cell:>12}" for cell in cells))
        return "\n".join(lines) + "\n"


def save(name: str, tables: list[ResultTable]) -> None:
    """Print the tables, and save them with the Python version, the machine type and the number of cores."""
    for table in tables:
        print(table)
    RESULTS.mkdir(exist_ok=True)
    kept = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "tables": [asdict(table) for table in tables],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=2) + "\n")
