"""`make mutants`: mutation testing of the modules in targets.toml. Prints the mutants that no test kills.

    python -m scripts.mutants                      all mutants, a second each; writes bench/results/mutants.json
    python -m scripts.mutants catalog/charges.py   the mutants of one module

Exit code 1 if a mutant survives that equivalent.toml does not list, if a handwritten mutant (handwritten.toml) survives
or no longer applies, if a listed equivalent mutant is killed or no longer exists, and if fewer than `LEAST_PERCENT` are
killed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from scripts.mutants.operators import mutants_of
from scripts.mutants.run import PACKAGE, ROOT, MutantOutcome, MutantRun, TestsFail, preload, run_mutants

HERE: Final = Path(__file__).resolve().parent
RESULTS: Final = ROOT / "bench" / "results" / "mutants.json"
LEAST_PERCENT: Final = 95


def main(arguments: list[str]) -> int:
    """Run the mutants, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="only these modules, as named in targets.toml")
    parser.add_argument("--at-once", type=int, default=2, help="number of processes (default: 2)")
    wanted = parser.parse_args(arguments)
    targets = {module: tuple(target["tests"]) for target in _read("targets") for module in target["modules"]}
    if unknown := set(wanted.modules) - set(targets):
        parser.error(f"not in targets.toml: {', '.join(sorted(unknown))}")
    chosen = wanted.modules or list(targets)
    try:
        return _run_all({module: targets[module] for module in chosen}, wanted.at_once, whole=not wanted.modules)
    except (TestsFail, LookupError) as error:
        print(error, file=sys.stderr)
        return 1


def _read(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))[name]
    return found


def _run_all(targets: dict[str, tuple[str, ...]], concurrency: int, *, whole: bool) -> int:
    equivalent = {each["name"]: each["why"] for each in _read("equivalent") if each["name"].split(":")[0] in targets}
    runs = [run for module, tests in targets.items() for run in _generated(module, tests)]
    runs += [run for run in _handwritten() if whole or run.module in targets]
    if lost := set(equivalent) - {run.name for run in runs}:
        raise LookupError("equivalent.toml lists mutants that no longer exist:\n  " + "\n  ".join(sorted(lost)))
    began = time.monotonic()
    results: dict[str, dict[str, MutantOutcome]] = defaultdict(dict)
    for tests, group in groupby(sorted(runs, key=_tests), key=_tests):
        for run, outcome in run_mutants(list(group), concurrency=concurrency, limits=preload(tests)):
            results[run.module][run.name] = outcome
            if outcome == "survived" and run.name not in equivalent:
                print(f"  survived  {run.name}", flush=True)
    seconds = time.monotonic() - began
    table = {module: _counts(results[module], equivalent) for module in sorted(results)}
    _print(table, seconds)
    if whole:
        RESULTS.write_text(json.dumps(table, indent=2) + "\n")
    return _exit_code(results, equivalent)


def _tests(run: MutantRun) -> tuple[str, ...]:
    return run.tests


def _generated(module: str, tests: tuple[str, ...]) -> list[MutantRun]:
    source = (PACKAGE / module).read_text("utf-8")
    return [MutantRun(mutant.name, module, mutant.source, tests) for mutant in mutants_of(module, source)]


def _handwritten() -> list[MutantRun]:
    """Return the mutants of handwritten.toml. Raises `LookupError` for one that no longer applies."""
    runs = []
    for each in _read("handwritten"):
        module, before = each["module"], each["before"]
        source = (PACKAGE / module).read_text("utf-8")
        if source.count(before) != 1:
            raise LookupError(f"handwritten.toml: '{before}' occurs {source.count(before)} times in {module}")
        changed = source.replace(before, each["after"])
        runs.append(MutantRun(f"handwritten: {each['what']}", module, changed, tuple(each["tests"])))
    return runs


def _counts(results: dict[str, MutantOutcome], equivalent: dict[str, str]) -> dict[str, int]:
    survived = [name for name, outcome in results.items() if outcome == "survived"]
    return {
        "mutants": len(results),
        "killed": len(results) - len(survived),
        "equivalent": sum(name in equivalent for name in survived),
    }


def _print(table: dict[str, dict[str, int]], seconds: float) -> None:
    total = {column: sum(row[column] for row in table.values()) for column in ("mutants", "killed", "equivalent")}
    print(f"\n{'module':34}{'mutants':>9}{'killed':>9}{'equivalent':>11}{'percent':>9}")
    for module, row in [*table.items(), ("all", total)]:
        percent = 100 * row["killed"] / max(1, row["mutants"])
        print(f"{module:34}{row['mutants']:9}{row['killed']:9}{row['equivalent']:11}{percent:9.1f}")
    print(f"{seconds:.0f} s")


def _exit_code(results: dict[str, dict[str, MutantOutcome]], equivalent: dict[str, str]) -> int:
    every = {name: outcome for module in results.values() for name, outcome in module.items()}
    survived = {name for name, outcome in every.items() if outcome == "survived"}
    for name in sorted(set(equivalent) - survived):
        print(f"equivalent.toml lists a mutant that is killed: {name}")
    percent = 100 * (len(every) - len(survived)) / max(1, len(every))
    wrong = survived ^ set(equivalent)
    return 1 if wrong or percent < LEAST_PERCENT else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
