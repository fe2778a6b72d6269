"""Stored answers, in the fake and in the bucket (moto), and whether their runs were paid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audio_gateway.aws.table import Table
from audio_gateway.errors import IdempotencyUnavailable, MeteringUnavailable
from audio_gateway.idempotency.answer_store import AnswerStore
from audio_gateway.idempotency.idempotency import Answers, ApiResponse, Run, StoredAnswer
from audio_gateway.idempotency.payments import LedgerPayments
from audio_gateway.jobs.job import Job, JobRef
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.account import Hold, MeteredRequest, Outcome, Payer
from audio_gateway.metering.ledger import row_for, row_item
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.pending_settlements import PendingSettlement
from audio_gateway.spool import Spool
from tests.fakes.idempotency import FakeAnswers
from tests.fakes.meter import FakePendingSettlements
from tests.unit.idempotency.test_claims import FIRST
from tests.unit.metering.tables import TABLE
from tests.unit.storage.buckets import BUCKET

NAME = "answers/default/ab12/req_1"
HOLD = Hold(
    Payer("key_1", "default"),
    MeteredRequest("req_1", "speech", "t\u00e4lker", "characters", 6, 90, 60),
    1_795_255_200_000,
    1_795_256_160,
)
STORED = StoredAnswer(
    ApiResponse(
        {"content-type": "audio/wav", "x-audio-gateway-model": "talker"}, b"RIFF\n\x00\xff", ("speed", "prompt")
    ),
    HOLD,
)


@pytest.fixture(params=["fake", "bucket"])
def answers(request: pytest.FixtureRequest) -> Answers:
    if request.param == "fake":
        return FakeAnswers()
    request.getfixturevalue("bucket")
    return AnswerStore(BUCKET)


def test_an_answer_is_found_as_it_was_stored_and_under_no_other_name(answers: Answers) -> None:
    for body in (b"", b"\n", b"RIFF\n\x00\xff", bytes(range(256)) * 1000):
        stored = replace(STORED, answer=replace(STORED.answer, body=body))
        answers.keep(FIRST, stored)
        assert answers.find(FIRST) == stored
    others: tuple[dict[str, Any], ...] = ({"project_id": "other"}, {"key_sha256": "cd34"}, {"request_id": "req_2"})
    for other in others:
        assert answers.find(replace(FIRST, **other)) is None


def test_a_large_answer_is_stored_from_a_file_and_found_as_one(bucket: Any) -> None:
    pieces = [bytes([number]) * 1_000_000 for number in range(20)]
    with Spool() as spool:
        assert list(spool.copying(pieces)) == pieces
        AnswerStore(BUCKET).keep(FIRST, replace(STORED, answer=replace(STORED.answer, body=spool.body())))
    assert bucket.head_object(Bucket=BUCKET, Key=NAME)["ServerSideEncryption"] == "AES256"
    found = AnswerStore(BUCKET).find(FIRST)
    assert found is not None
    assert isinstance(found.answer.body, Spool)
    with Run(found.answer):
        assert found.answer.body.content() == b"".join(pieces)
    assert replace(found, answer=STORED.answer) == STORED


def test_a_redirect_is_found_as_one(answers: Answers) -> None:
    stored = replace(STORED, answer=ApiResponse({"location": "/v1/audio/jobs/x/content"}, b"", (), 303))
    answers.keep(FIRST, stored)
    assert answers.find(FIRST) == stored


def test_an_answer_is_stored_as_these_bytes(bucket: Any) -> None:
    """Answers that an earlier version stored are read by this one, and the other way round."""
    job_id = "job_" + "0" * 24
    of_job = replace(HOLD, work=replace(HOLD.work, request_id=job_id))
    link = ApiResponse({"location": f"/v1/audio/jobs/{job_id}"}, b"{}", (), 202)
    hold = rb'"[1795255200000,1795256160,\"default\",\"speech\",\"t\u00e4lker\",\"characters\",6,90,60]"'
    heads = [
        (
            STORED,
            rb'{"headers":{"content-type":"audio/wav","x-audio-gateway-model":"talker"},"ignored":["speed","prompt"],'
            rb'"length":7,"sha256":"3c1ce6d64f3f7856cc905288e5cc2333e975f01dc0afe4d50f08f68b30a90bc5",'
            rb'"key_id":"key_1","request_id":"req_1","hold":' + hold + rb',"status":200}',
        ),
        (
            StoredAnswer(link, of_job),
            rb'{"headers":{"location":"/v1/audio/jobs/job_000000000000000000000000"},"ignored":[],"length":2,'
            rb'"sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",'
            rb'"key_id":"key_1","request_id":"job_000000000000000000000000","hold":' + hold + rb',"status":202}',
        ),
    ]
    for stored, head in heads:
        AnswerStore(BUCKET).keep(FIRST, stored)
        data = bucket.get_object(Bucket=BUCKET, Key=NAME)["Body"].read()
        assert isinstance(stored.answer.body, bytes)
        assert data == head + b"\n" + stored.answer.body
        assert AnswerStore(BUCKET).find(FIRST) == stored


def test_a_request_that_became_a_job_counts_as_paid_if_the_job_exists(moto_dynamodb: Any) -> None:
    store = JobStore(moto_dynamodb, TABLE)
    payments = LedgerPayments(Table(moto_dynamodb, TABLE), FakePendingSettlements(), store)
    job_id = "job_" + "0" * 24
    hold = replace(HOLD, work=replace(HOLD.work, request_id=job_id))
    for status in (202, 303):
        assert StoredAnswer(ApiResponse({}, b"", (), status), hold).paid_by == JobRef("default", job_id)
    assert StoredAnswer(ApiResponse({}, b""), HOLD).paid_by == HOLD
    assert not payments.was_paid(JobRef("default", job_id))
    store.create(Job(job_id, "default", "key_1", "speech", "talker", "queued", created_at=1, expires_at=2))
    assert payments.was_paid(JobRef("default", job_id))
    assert not payments.was_paid(JobRef("other", job_id))


def test_an_answer_lies_encrypted_under_its_project(bucket: Any) -> None:
    AnswerStore(BUCKET).keep(FIRST, STORED)
    assert bucket.head_object(Bucket=BUCKET, Key=NAME)["ServerSideEncryption"] == "AES256"


def test_an_answer_that_is_not_whole_is_none(bucket: Any) -> None:
    store = AnswerStore(BUCKET)
    store.keep(FIRST, STORED)
    whole = bucket.get_object(Bucket=BUCKET, Key=NAME)["Body"].read()
    for harmed in (whole[:-1], whole + b"x", whole[:-1] + b"x", b"", b"{"):
        bucket.put_object(Bucket=BUCKET, Key=NAME, Body=harmed)
        assert store.find(FIRST) is None


def test_a_bucket_that_cannot_be_used_is_said_so(moto_dynamodb: Any) -> None:
    store = AnswerStore("no-such-bucket")
    with pytest.raises(IdempotencyUnavailable):
        store.keep(FIRST, STORED)
    with pytest.raises(IdempotencyUnavailable):
        store.find(FIRST)


def test_a_row_says_whether_a_run_was_paid(moto_dynamodb: Any) -> None:
    payments = LedgerPayments(Table(moto_dynamodb, TABLE), FakePendingSettlements(), JobStore(moto_dynamodb, TABLE))
    assert not payments.was_paid(HOLD)
    outcomes: list[tuple[Outcome, bool]] = [
        ("answered", True),
        ("swept", True),
        ("abandoned", False),
        ("failed", False),
        ("repeated", False),
    ]
    for outcome, paid in outcomes:
        moto_dynamodb.put_item(TableName=TABLE, Item=row_item(row_for(HOLD, HOLD.work, outcome)))
        assert payments.was_paid(HOLD) is paid


def test_what_was_not_charged_can_be_kept_from_it_for_ever(moto_dynamodb: Any) -> None:
    pending_settlements = FakePendingSettlements()
    payments = LedgerPayments(Table(moto_dynamodb, TABLE), pending_settlements, JobStore(moto_dynamodb, TABLE))
    pending_settlements.keep(HOLD, HOLD.work)
    assert not payments.cancel(HOLD)
    pending_settlements.forget(HOLD)
    assert payments.cancel(HOLD)
    assert payments.cancel(HOLD)
    row = LedgerStore(moto_dynamodb, TABLE).put(row_for(HOLD, HOLD.work, "answered"))
    assert (row.outcome, row.price_microusd) == ("abandoned", 0)


def test_what_was_charged_cannot_be_undone(moto_dynamodb: Any) -> None:
    payments = LedgerPayments(Table(moto_dynamodb, TABLE), FakePendingSettlements(), JobStore(moto_dynamodb, TABLE))
    LedgerStore(moto_dynamodb, TABLE).put(row_for(HOLD, HOLD.work, "answered"))
    assert not payments.cancel(HOLD)


def test_an_answer_that_the_sweeper_will_charge_is_as_good_as_paid(moto_dynamodb: Any) -> None:
    pending_settlements = FakePendingSettlements()
    pending_settlements.keep(HOLD, HOLD.work)
    assert LedgerPayments(Table(moto_dynamodb, TABLE), pending_settlements, JobStore(moto_dynamodb, TABLE)).was_paid(
        HOLD
    )


def test_a_sweeper_that_is_just_at_work_does_not_make_a_paid_run_look_free(moto_dynamodb: Any) -> None:
    """It writes the row and removes the pending settlement between the two reads, whichever is the first."""

    class Swept(FakePendingSettlements):
        def find(self, hold: Hold) -> PendingSettlement | None:
            found = super().find(hold)
            moto_dynamodb.put_item(TableName=TABLE, Item=row_item(row_for(hold, hold.work, "swept")))
            self.forget(hold)
            return found

    pending_settlements = Swept()
    pending_settlements.keep(HOLD, HOLD.work)
    payments = LedgerPayments(Table(moto_dynamodb, TABLE), pending_settlements, JobStore(moto_dynamodb, TABLE))
    assert payments.was_paid(HOLD)
    assert payments.was_paid(HOLD)


def test_a_ledger_that_cannot_be_read_is_said_so(moto_dynamodb: Any) -> None:
    with pytest.raises(MeteringUnavailable):
        LedgerPayments(
            Table(moto_dynamodb, "no-such-table"), FakePendingSettlements(), JobStore(moto_dynamodb, TABLE)
        ).was_paid(HOLD)
