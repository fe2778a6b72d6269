"""`make mutants`: plants mistakes into the modules of targets.toml and says which of them no test notices.

    python -m scripts.mutants                      all of them, a second each; writes bench/results/mutants.json
    python -m scripts.mutants catalog/charges.py    those of one module

Ends with 1 when a mistake is noticed by no test and explained nowhere, when a planted one (planted.toml) is not noticed
or cannot be planted any more, when an explained one (explained.toml) is noticed or is none any more, and when fewer
than `LEAST_PERCENT` are noticed.
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
from scripts.mutants.run import PACKAGE, ROOT, Outcome, TestsAreRed, Trial, outcomes, preload

HERE: Final = Path(__file__).resolve().parent
RESULTS: Final = ROOT / "bench" / "results" / "mutants.json"
LEAST_PERCENT: Final = 95


def main(arguments: list[str]) -> int:
    """Run them and print the table; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="only these, as targets.toml names them")
    parser.add_argument("--at-once", type=int, default=2, help="processes (2)")
    wanted = parser.parse_args(arguments)
    targets = {module: tuple(target["tests"]) for target in _read("targets") for module in target["modules"]}
    if unknown := set(wanted.modules) - set(targets):
        parser.error(f"no targets: {', '.join(sorted(unknown))}")
    chosen = wanted.modules or list(targets)
    try:
        return _run({module: targets[module] for module in chosen}, wanted.at_once, whole=not wanted.modules)
    except (TestsAreRed, LookupError) as error:
        print(error, file=sys.stderr)
        return 1


def _read(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))[name]
    return found


def _run(targets: dict[str, tuple[str, ...]], at_once: int, *, whole: bool) -> int:
    explained = {each["name"]: each["why"] for each in _read("explained") if each["name"].split(":")[0] in targets}
    trials = [trial for module, tests in targets.items() for trial in _trials(module, tests)]
    trials += [trial for trial in _planted() if whole or trial.module in targets]
    if lost := set(explained) - {trial.name for trial in trials}:
        raise LookupError("explained.toml explains what is no mutant any more:\n  " + "\n  ".join(sorted(lost)))
    began = time.monotonic()
    results: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for tests, group in groupby(sorted(trials, key=_tests), key=_tests):
        for trial, outcome in outcomes(list(group), at_once=at_once, patience=preload(tests)):
            results[trial.module][trial.name] = outcome
            if outcome == "survived" and trial.name not in explained:
                print(f"  survived  {trial.name}", flush=True)
    seconds = time.monotonic() - began
    table = {module: _counts(results[module], explained) for module in sorted(results)}
    _print(table, seconds)
    if whole:
        RESULTS.write_text(json.dumps(table, indent=2) + "\n")
    return _verdict(results, explained)


def _tests(trial: Trial) -> tuple[str, ...]:
    return trial.tests


def _trials(module: str, tests: tuple[str, ...]) -> list[Trial]:
    source = (PACKAGE / module).read_text("utf-8")
    return [Trial(mutant.name, module, mutant.source, tests) for mutant in mutants_of(module, source)]


def _planted() -> list[Trial]:
    """Mistakes that were made once, or no test noticed. Raises `LookupError` for one that fits no more."""
    trials = []
    for each in _read("planted"):
        module, before = each["module"], each["before"]
        source = (PACKAGE / module).read_text("utf-8")
        if source.count(before) != 1:
            raise LookupError(f"planted.toml: '{before}' is {source.count(before)} times in {module}")
        changed = source.replace(before, each["after"])
        trials.append(Trial(f"planted: {each['what']}", module, changed, tuple(each["tests"])))
    return trials


def _counts(results: dict[str, Outcome], explained: dict[str, str]) -> dict[str, int]:
    survived = [name for name, outcome in results.items() if outcome == "survived"]
    return {
        "mutants": len(results),
        "killed": len(results) - len(survived),
        "explained": sum(name in explained for name in survived),
    }


def _print(table: dict[str, dict[str, int]], seconds: float) -> None:
    total = {column: sum(row[column] for row in table.values()) for column in ("mutants", "killed", "explained")}
    print(f"\n{'module':34}{'mutants':>9}{'killed':>9}{'explained':>11}{'percent':>9}")
    for module, row in [*table.items(), ("all", total)]:
        percent = 100 * row["killed"] / max(1, row["mutants"])
        print(f"{module:34}{row['mutants']:9}{row['killed']:9}{row['explained']:11}{percent:9.1f}")
    print(f"{seconds:.0f} s")


def _verdict(results: dict[str, dict[str, Outcome]], explained: dict[str, str]) -> int:
    every = {name: outcome for module in results.values() for name, outcome in module.items()}
    survived = {name for name, outcome in every.items() if outcome == "survived"}
    for name in sorted(set(explained) - survived):
        print(f"explained.toml explains what is noticed: {name}")
    percent = 100 * (len(every) - len(survived)) / max(1, len(every))
    wrong = survived ^ set(explained)
    return 1 if wrong or percent < LEAST_PERCENT else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
