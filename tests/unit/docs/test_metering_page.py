"""docs/metering.md names a test for each promise, and those tests exist."""

from __future__ import annotations

import re

from tests.unit.docs.pages import ROOT

PAGE = (ROOT / "docs" / "metering.md").read_text()
NAMED = re.compile(r"`(test_\w+)`")


def written() -> set[str]:
    """The names of all tests."""
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for source in sources for name in re.findall(r"^ *def (test_\w+)\(", source, flags=re.MULTILINE)}


def test_every_test_that_is_named_exists() -> None:
    named = set(NAMED.findall(PAGE))
    assert len(named) > 50
    assert named - written() == set()


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def test_every_rule_names_its_test() -> None:
    rules = re.split(r"^\d\. ", section("The seven rules"), flags=re.MULTILINE)[1:]
    assert len(rules) == 7
    assert [rule for rule in rules if not NAMED.search(rule) and "adr/0014" not in rule] == []


def test_every_fault_names_its_test() -> None:
    rows = [line for line in section("Fault tests").splitlines() if line.startswith("| ")]
    faults = [row for row in rows if not row.startswith(("| ---", "| fault", "| moment", "| situation"))]
    assert len(faults) > 40
    assert [row for row in faults if not NAMED.search(row.rsplit("|", 2)[1])] == []


def test_every_test_under_fire_is_in_the_page() -> None:
    sources = (path.read_text() for path in (ROOT / "tests" / "stack" / "money").glob("test_*.py"))
    under_fire = {name for source in sources for name in re.findall(r"^def (test_\w+)\(", source, flags=re.MULTILINE)}
    assert under_fire - set(NAMED.findall(PAGE)) == set()
