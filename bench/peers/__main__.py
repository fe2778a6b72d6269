"""Compares our gateway with LiteLLM's and Portkey's: `python -m bench.peers` (see docs/benchmarks.md).

All stand before the same fake provider on this machine, and get the same requests in turn.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import itertools
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.peers import load
from bench.peers.cases import CASES, WARM_UP, Case, record
from bench.peers.figures import Cell
from bench.peers.installing import NotInstalled
from bench.peers.processes import cpu_seconds, resident_mb
from bench.peers.report import report
from bench.peers.sounds import SHORT_BYTES, Sounds, make_sounds
from bench.peers.systems import ROOT, SYSTEMS, Direct, NotReady, System

RESULTS = ROOT / "bench" / "results"
LEAST_DIRECT_PER_S = 5_000
_DIRECT_SIZE = ("speech 32 KB", 16)


@dataclass
class Measured:
    """A system, what is known of its processes, and remarks for the reader."""

    system: System
    starts_s: list[float] = field(default_factory=list)
    idle_mb: float | None = None
    after_mb: float | None = None
    processes: int | None = None
    remarks: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        measured = self.starts_s and not isinstance(self.system, Direct)
        return {
            "name": self.system.name,
            "ready_s": round(statistics.median(self.starts_s), 2) if measured else None,
            "processes": self.processes if measured else None,
            "idle_mb": self.idle_mb if measured else None,
            "after_mb": self.after_mb if measured else None,
            "remarks": self.remarks,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(prog="bench.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds in which each system gets each kind of request")
    parser.add_argument("--starts", type=int, default=3, help="how often each system is started; the median counts")
    parser.add_argument("--only", nargs="*", help="names of systems, such as direct Portkey 'ours, stack'")
    parser.add_argument("--save", type=Path, default=RESULTS / "peers.json", help="the file of the results")
    parser.add_argument("--show", type=Path, help="print the tables of a file of results, and measure nothing")
    options = parser.parse_args(arguments)
    if options.show:
        print(report(json.loads(options.show.read_text())))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that every process is stopped
    results = measure(options.rounds, options.starts, options.only)
    options.save.write_text(json.dumps(results, indent=1) + "\n")
    print(report(results))
    return check_direct(results)


def check_direct(results: dict[str, Any]) -> int:
    """Return the exit code: the load generator and the upstream must not be what limits the others."""
    for cell in results["cells"]:
        if (cell["system"], cell["case"], cell["concurrency"]) == ("direct", *_DIRECT_SIZE):
            if cell["per_second"] > LEAST_DIRECT_PER_S:
                return 0
            print(f"NOT VALID: direct reached {cell['per_second']:,.0f} requests/s, not {LEAST_DIRECT_PER_S:,}")
            return 1
    return 0


def measure(rounds: int, starts: int, only: Sequence[str] | None) -> dict[str, Any]:
    """Run the whole comparison. A system that cannot be installed or started is a remark in the results."""
    load_average = round(os.getloadavg()[0], 1)
    sounds = make_sounds()
    cells: dict[tuple[str, str, int], Cell] = {}
    with contextlib.ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        upstream = cleanup.enter_context(running_upstream(sounds, folder))
        known = [Measured(made(kind, folder, upstream)) for kind in SYSTEMS if not only or kind.name in only]
        ready = [each for each in known if started(each, sounds, starts, cleanup)]
        numbers = itertools.count(1, 10_000)
        for turn in range(rounds + 1):
            say(f"round {turn} of {rounds}" if turn else "warming up")
            for case, concurrency in itertools.product(CASES, (1, 16)):
                for each in ready:
                    key = (each.system.name, case.name, concurrency)
                    cell = cells.setdefault(key, Cell(*key))
                    measure_round(each.system, case, concurrency, sounds, cell, next(numbers))
            if not turn:
                cells.clear()  # processes that start when the load first comes belong to the warm-up
        for each in ready:
            each.after_mb = round(resident_mb(each.system.pids()), 1)
            each.processes = len(each.system.pids())
            each.remarks += faults(cells, each.system.name)
    return about_machine(known, load_average) | {
        "rounds": rounds,
        "systems": [each.summary() for each in known],
        "cells": [asdict(cell.summary()) for cell in by_case(cells)],
    }


def made(kind: type[System], folder: Path, upstream: int) -> System:
    own = folder / kind.name.replace(", ", "-")
    own.mkdir()
    return kind(own, upstream)


def started(each: Measured, sounds: Sounds, starts: int, cleanup: contextlib.ExitStack) -> bool:
    """Install and start a system; it is left running if all went well."""
    system = each.system
    say(f"starting {system.name}")
    try:
        system.install()
        for left in reversed(range(starts)):
            try:
                each.starts_s.append(system.start(sounds))
            except BaseException:
                system.stop()
                raise
            if left:
                system.stop()
    except (NotInstalled, NotReady) as error:
        each.remarks.append(f"NOT MEASURED: {error}")
        return False
    cleanup.callback(system.stop)
    each.idle_mb = round(resident_mb(system.pids()), 1)
    return True


def measure_round(system: System, case: Case, concurrency: int, sounds: Sounds, cell: Cell, first: int) -> None:
    """Warm up, then send the requests of a round."""
    requests = case.made(system, sounds, first)
    warm_up = WARM_UP[concurrency] if case.name != "stream" else concurrency
    load.run(system.ports, itertools.islice(requests, warm_up), min(concurrency, warm_up), lambda _: None)
    pids = system.pids()
    before_s = cpu_seconds(pids)
    cell.seconds += load.run(
        system.ports,
        itertools.islice(requests, case.requests[concurrency]),
        concurrency,
        lambda exchange: record(case, exchange, sounds, cell),
    )
    cell.cpu_seconds += cpu_seconds(pids) - before_s


@contextlib.contextmanager
def running_upstream(sounds: Sounds, folder: Path) -> Iterator[int]:
    """The fake provider in a process of its own; gives its port."""
    mp3 = folder / "speech.mp3"
    mp3.write_bytes(sounds.mp3)
    command = [sys.executable, "-m", "bench.peers.upstream", str(mp3), str(SHORT_BYTES)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def faults(cells: dict[tuple[str, str, int], Cell], name: str) -> list[str]:
    """What was wrong with the responses of a system, once for each kind of request."""
    found = {
        f"{case}: {fault}": None
        for (system, case, _), cell in cells.items()
        if system == name
        for fault in set(cell.faults)
    }
    return list(found)


def by_case(cells: dict[tuple[str, str, int], Cell]) -> list[Cell]:
    order = [case.name for case in CASES]
    return sorted(cells.values(), key=lambda cell: (order.index(cell.case), cell.concurrency))


def about_machine(known: Sequence[Measured], load_average: float) -> dict[str, Any]:
    """The date, the processor, what else ran before the comparison, and the versions."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    versions = {"audio-gateway": commit.stdout.strip() or "unknown", "python": platform.python_version()}
    for each in known:
        versions |= each.system.versions
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cpu": models[0].partition(":")[2].strip() if models else platform.machine(),
        "cores": os.cpu_count(),
        "load_average": load_average,
        "versions": versions,
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
