"""`ledger`: exports the rows of a month to a pipe or a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audio_gateway.cli.gateway import Gateway
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.identity.directory import Directory
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.usage.ledger_csv import COLUMNS
from tests.fakes.reports import FakeReports, row
from tests.unit.cli.operator import Operator
from tests.unit.cli.shapes import assert_documented
from tests.unit.metering.tables import TABLE

pytestmark = pytest.mark.slow


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


ROWS = [
    row(at("2024-01-31T23:59:59.999"), request_id="req_before"),
    row(at("2024-02-01T00:00:00"), request_id="req_first"),
    row(at("2024-02-14T12:00:00"), request_id="req_other", key_id="key_2", project_id="p2"),
    row(at("2024-02-20T12:00:00"), request_id="req_gone", outcome="abandoned", held_amount=10, held_microusd=150),
    row(at("2024-02-29T23:59:59.999"), request_id="req_last"),
    row(at("2024-03-01T00:00:00"), request_id="req_after"),
]
OF_FEBRUARY = ["req_first", "req_other", "req_gone", "req_last"]


@pytest.fixture
def exporter(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Operator:
    Directory(operator.client, TABLE, lambda: at("2024-01-01")).projects.create("ACME")
    monkeypatch.setattr(Gateway, "ledger", FakeReports(list(ROWS)))
    return operator


def requests(text: str) -> list[str]:
    return [line["request_id"] for line in csv.DictReader(io.StringIO(text))]


def test_a_month_is_exported_with_exactly_its_rows(exporter: Operator) -> None:
    result = exporter("ledger", "2024-02")
    assert result.stdout.splitlines()[0] == ",".join(COLUMNS)
    assert requests(result.stdout) == OF_FEBRUARY
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--project", "p2"), ["req_other"]),
        (("--key", "key_1", "--outcome", "answered"), ["req_first", "req_last"]),
        (("--outcome", "abandoned"), ["req_gone"]),
        (("--key", "key_none"), []),
    ],
    ids=str,
)
def test_rows_can_be_filtered(exporter: Operator, options: tuple[str, ...], found: list[str]) -> None:
    assert requests(exporter("ledger", "2024-02", *options).stdout) == found


def test_rows_as_json_lines(exporter: Operator) -> None:
    lines = [json.loads(line) for line in exporter("ledger", "2024-02", "--json").stdout.splitlines()]
    assert_documented(lines)
    assert [line["request_id"] for line in lines] == OF_FEBRUARY
    (gone,) = (line for line in lines if line["outcome"] == "abandoned")
    assert (gone["held_amount"], gone["held_usd"]) == (10, "0.000150")


def test_a_file_has_the_same_content_as_a_pipe(exporter: Operator, tmp_path: Path) -> None:
    file = tmp_path / "february.csv"
    result = exporter("ledger", "2024-02", "--output", str(file))
    assert result.stdout == ""
    assert file.read_bytes().decode() == exporter("ledger", "2024-02").stdout_bytes.decode()
    assert list(tmp_path.iterdir()) == [file]


class FailingLedger(FakeReports):
    """A ledger whose reading fails before the end."""

    def rows(self, start_ms: int, end_ms: int) -> Iterator[LedgerRow]:
        if start_ms >= at("2024-02-20") * 1000:
            raise MeteringUnavailable("The table cannot be read.")
        return super().rows(start_ms, end_ms)


def test_an_incomplete_file_does_not_appear(
    exporter: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Gateway, "ledger", FailingLedger(list(ROWS)))
    file = tmp_path / "february.csv"
    file.write_text("of last time")
    result = exporter("ledger", "2024-02", "-o", str(file), "--force", code=1)
    assert "cannot be read" in result.stderr
    assert file.read_text() == "of last time"
    assert list(tmp_path.iterdir()) == [file]


def test_an_existing_file_is_overwritten_only_with_force(exporter: Operator, tmp_path: Path) -> None:
    file = tmp_path / "february.csv"
    file.write_text("of last time")
    assert "--force" in exporter("ledger", "2024-02", "-o", str(file), code=2).stderr
    assert file.read_text() == "of last time"
    exporter("ledger", "2024-02", "-o", str(file), "--force")
    assert file.read_text().startswith("time,")


def test_an_incomplete_pipe_ends_with_an_error(exporter: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gateway, "ledger", FailingLedger(list(ROWS)))
    assert "cannot be read" in exporter("ledger", "2024-02", code=1).stderr


def test_an_unwritable_file_is_named(exporter: Operator, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "february.csv"
    result = exporter("ledger", "2024-02", "-o", str(file), code=1)
    assert str(file) in result.stderr
    assert "Nothing was exported" in result.stderr


def test_rows_are_streamed(exporter: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The output lags only a little behind the input, for any number of rows."""
    read = written = farthest = 0

    class Endless(FakeReports):
        def rows(self, start_ms: int, _: int) -> Iterator[LedgerRow]:
            nonlocal read
            for number in range(50):
                read += 1
                yield row(start_ms / 1000 + number / 1000)

    from audio_gateway.cli import ledger as module

    whole = module.csv_parts  # type: ignore[attr-defined] # as the command sees it

    def watched(rows: Any, names: Any, part_bytes: int) -> Iterator[bytes]:
        nonlocal written, farthest
        for part in whole(rows, names, part_bytes):
            farthest = max(farthest, read - written)
            written += part.count(b"\n")
            yield part

    monkeypatch.setattr(Gateway, "ledger", Endless())
    monkeypatch.setattr(module, "csv_parts", watched)
    exporter("ledger", "2024-02", "-o", str(tmp_path / "all.csv"))
    assert read == 29 * 24 * 50
    assert 0 < farthest < 3_000


def test_an_export_of_the_current_month_says_so(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    operator.key()
    monkeypatch.setattr(Gateway, "ledger", FakeReports([row(now.timestamp(), request_id="req_now")]))
    result = operator("ledger", f"{now:%Y-%m}")
    assert "The month has not ended" in result.stderr
    assert requests(result.stdout) == ["req_now"]


def test_the_time_before_the_first_project_is_not_queried(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    class Searched(FakeReports):
        def rows(self, start_ms: int, end_ms: int) -> Iterator[LedgerRow]:
            assert start_ms >= at("2024-02-28") * 1000
            return super().rows(start_ms, end_ms)

    monkeypatch.setattr(Gateway, "ledger", Searched(list(ROWS)))
    assert requests(operator("ledger", "2024-02").stdout) == []
    Directory(operator.client, TABLE, lambda: at("2024-02-29T12:00:00")).projects.create("ACME")
    assert requests(operator("ledger", "2024-02").stdout) == ["req_last"]
    assert requests(operator("ledger", "2024-01").stdout) == []


@pytest.mark.parametrize(
    "month", ["2024", "2024-00", "2024-13", "24-01", "0000-01", "9999-12", "9000-01", "february", ""]
)
def test_an_invalid_month_is_refused(mistaken: Callable[..., str], month: str) -> None:
    assert "month" in mistaken("ledger", month)
