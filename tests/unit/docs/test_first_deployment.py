"""The page of the first deployment and the checks of doctor are in step."""

from __future__ import annotations

import json
import re
from pathlib import Path

from audio_gateway.cli.doctor.checks import GROUPS
from tests.unit.docs.pages import blocks, markdown

PAGE = markdown()[Path("docs/first-deployment.md")]
NAMES = [check.name for group in GROUPS for check in group.checks]


def rows() -> list[list[str]]:
    """The cells of each row of a table, without headings."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [re.split(r" \| ", line.strip("| ")) for line in lines if not line.startswith("| check |")]


def test_each_row_says_which_checks_of_doctor_look_at_it() -> None:
    for row in rows():
        assert row[-1] == "no" or re.fullmatch(r"`[a-z-]+`(, `[a-z-]+`)*", row[-1]), row


def test_every_check_has_its_place_and_every_place_its_check() -> None:
    named = [name for row in rows() for name in re.findall(r"`([a-z-]+)`", row[-1])]
    assert sorted(named) == sorted(NAMES)


def test_a_row_says_what_is_right_and_what_to_do_otherwise() -> None:
    heads = [line for line in PAGE.splitlines() if line.startswith("| check |")]
    assert {head.count("|") for head in heads} == {5, 6}
    assert all(len(row) in {4, 5} and all(cell.strip() for cell in row) for row in rows())


def test_the_rights_are_a_policy_in_alphabetical_order() -> None:
    (policy,) = (json.loads(block) for block in blocks(PAGE, "json"))
    actions = policy["Statement"][0]["Action"]
    assert actions == sorted(set(actions))
