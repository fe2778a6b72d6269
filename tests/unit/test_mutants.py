"""`make mutants` generates the mistakes that programmers make, and its lists name existing code and tests."""

from __future__ import annotations

import ast
import tomllib

import pytest

from scripts.mutants.operators import mutants_of
from scripts.mutants.run import PACKAGE, ROOT

HERE = ROOT / "scripts" / "mutants"
SOURCE = '''"""Not a mistake."""
import os
LIMIT: int = 300


class Port(Protocol):
    """Not 1 mistake."""

    def ask(self, most: int = 1) -> int: ...


def billed(ms: int, step: int, kept: dict[str, int]) -> int:
    """Not 1 mistake."""
    if ms < 0 or not step:
        raise ValueError(f"{ms + 1} is wrong" + "not a mistake")
    kept["ms"] = max(ms, 10)
    return -(-ms // step) * step if kept else ms
'''


def changes(source: str) -> set[str]:
    return {mutant.change for mutant in mutants_of("m.py", source)}


def test_the_mutants_of_a_small_module() -> None:
    assert changes(SOURCE) == {
        "300 → 600",
        "< → <=",
        "0 → 1",
        "or → and",
        "ms < 0 or not step → (not (ms < 0 or not step))",
        "not step → step",
        'raise ValueError(f"{ms + 1} is wrong" + "not a mistake") → pass',
        'kept["ms"] = max(ms, 10) → pass',
        "max → min",
        "max(ms, 10) → ms",
        "max(ms, 10) → 10",
        "10 → 11",
        "-(-ms // step) → -ms // step",
        "-ms → ms",
        "// → *",
        "* → //",
        "kept → (not (kept))",
    }


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("x = a <= b", {"<= → <"}),
        ("x = a is not None", {"is not → is"}),
        ("x = a not in b", {"not in → in"}),
        ("x = True", {"True → False"}),
        ("x = any(a) and b", {"any → all", "and → or"}),
        ("x += a - b", {"x += a - b → pass", "- → +"}),
        ("x = [a for a in b if a]", {"a → (not (a))"}),
        ("x = a + 'text'", set()),
        ("x = (\n    a  # why\n    <\n    b\n)", {"< → <="}),
    ],
)
def test_each_mutation_operator(code: str, changed: set[str]) -> None:
    assert changes(code) == changed


def test_every_mutant_is_different_and_has_a_unique_name() -> None:
    found = mutants_of("m.py", SOURCE)
    assert len({mutant.name for mutant in found}) == len(found)
    assert len({ast.dump(ast.parse(mutant.source)) for mutant in found} - {ast.dump(ast.parse(SOURCE))}) == len(found)


def test_the_lists_name_existing_code_and_tests() -> None:
    for target in tomllib.loads((HERE / "targets.toml").read_text())["targets"]:
        assert all((ROOT / test).is_file() for test in target["tests"])
    for handwritten in tomllib.loads((HERE / "handwritten.toml").read_text())["handwritten"]:
        assert (PACKAGE / handwritten["module"]).read_text().count(handwritten["before"]) == 1, handwritten["what"]
        assert all((ROOT / test).is_file() for test in handwritten["tests"])
