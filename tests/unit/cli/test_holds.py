"""`holds`: running requests with their age, and expired holds."""

from __future__ import annotations

import re

from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS
from tests.unit.cli.operator import Operator
from tests.unit.cli.shapes import assert_documented


def test_open_holds_of_all_accounts_are_listed_oldest_first(operator: Operator) -> None:
    project = operator.directory.projects.create("ACME")
    mine, theirs = operator.key("mine"), operator.key("theirs", project.id)
    operator.admit(mine, "req_young", price=150)
    audio = {"unit": "audio_ms", "amount": 61_500, "endpoint": "transcriptions"}
    operator.admit(theirs, "req_old", price=6_150, ago_s=1_025, **audio)
    data = operator.json("holds")
    assert_documented(data)
    old, young = data["data"]
    assert (old["request_id"], young["request_id"]) == ("req_old", "req_young")
    assert (old["key_id"], old["project_id"]) == (theirs.record.id, project.id)
    assert (old["amount"], old["unit"], old["held_usd"]) == (61_500, "audio_ms", "0.006150")
    assert 1_025 <= old["age_seconds"] < 1_085
    assert old["expires_at"] - old["admitted_at"] == REQUEST_HOLD_SECONDS
    assert data["total"] == {"open": 2, "expired": 1, "held_usd": "0.006300"}


def test_a_table_of_holds_names_key_amount_age_and_sum(operator: Operator) -> None:
    key = operator.key("ACME production")
    operator.admit(key, "req_old", price=6_150, ago_s=1_025, unit="audio_ms", amount=61_500)
    operator.admit(key, "req_young", amount=1_234)
    table = operator("holds").stdout
    (old,) = (line for line in table.splitlines() if "req_old" in line)
    assert all(part in old for part in (key.record.id, "ACME production", "0:01:01.500", "0.006150", "expired"))
    assert re.search(r"\b17 min \d+ s\b", old)  # the test itself may take some seconds
    assert "1,234 characters" in table
    assert "2 open, 1 expired" in table
    assert "0.006300" in table


def test_an_expired_hold_is_marked(operator: Operator) -> None:
    key = operator.key()
    operator.admit(key, ago_s=REQUEST_HOLD_SECONDS)
    assert "expired" in next(line for line in operator("holds").stdout.splitlines() if "req_1" in line)
    data = operator.json("holds")
    assert data["data"][0]["expired"] is True
    assert data["total"]["expired"] == 1


def test_holds_of_one_key(operator: Operator) -> None:
    mine, theirs = operator.key("mine"), operator.key("theirs")
    operator.admit(mine, "req_mine")
    operator.admit(theirs, "req_theirs")
    data = operator.json("holds", "--key", mine.record.id)
    assert [hold["request_id"] for hold in data["data"]] == ["req_mine"]
    assert "`keys list`" in operator("holds", "--key", "key_none", code=1).stderr


def test_the_holds_of_a_deleted_key_are_listed(operator: Operator) -> None:
    key = operator.key()
    operator.admit(key)
    operator("keys", "delete", key.record.id, "--yes")
    assert "(deleted)" in operator("holds").stdout
    assert operator.json("holds")["total"]["open"] == 1


def test_without_holds_nothing_is_written_to_stdout(operator: Operator) -> None:
    operator.key()
    result = operator("holds")
    assert (result.stdout, result.stderr) == ("", "There are no open holds.\n")
    assert operator.json("holds") == {
        "object": "holds", "data": [], "total": {"open": 0, "expired": 0, "held_usd": "0.000000"},
    }  # fmt: skip
