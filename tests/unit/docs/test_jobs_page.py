"""docs/jobs.md names a test for each fault, and those tests exist."""

from __future__ import annotations

import re

from tests.unit.docs.pages import ROOT
from tests.unit.docs.test_metering_page import NAMED, written

PAGE = (ROOT / "docs" / "jobs.md").read_text()


def test_every_test_that_is_named_exists() -> None:
    assert set(NAMED.findall(PAGE)) - written() == set()


def test_every_fault_names_its_test() -> None:
    rows = [line for line in PAGE.split("## Fault tests\n")[1].split("\n## ")[0].splitlines() if line.startswith("| ")]
    assert len(rows) > 10
    assert [row for row in rows[2:] if not NAMED.search(row.rsplit("|", 2)[1])] == []


def test_every_test_under_fire_is_in_the_page() -> None:
    source = (ROOT / "tests" / "stack" / "jobs" / "test_faults.py").read_text()
    under_fire = set(re.findall(r"^def (test_\w+)\(", source, flags=re.MULTILINE))
    assert len(under_fire) > 10
    assert under_fire - set(NAMED.findall(PAGE)) == set()
