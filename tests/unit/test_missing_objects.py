"""Whether an object is missing, where S3 refuses to read it: IAM's answer to a name that the role may not list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from audio_gateway.errors import GatewayError
from audio_gateway.idempotency.answer_store import AnswerStore
from audio_gateway.idempotency.idempotency import Claim
from audio_gateway.jobs.job import Job
from audio_gateway.jobs.job_files import JobFiles
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.pending_settlements import PendingSettlementStore
from audio_gateway.uploads.upload import Upload
from audio_gateway.uploads.upload_store import UploadStore

HOLD = Hold(Payer("key_1", "default"), MeteredRequest("req_1", "speech", "tts-1", "characters", 10, 150, 0), 0, 60)
JOB = Job("job_1", "default", "key_1", "speech", "tts-1", "running", 0, 0)
UPLOAD = Upload("upload_1", "default", "key_1", 10, 0)
CLAIM = Claim("default", "ab12", "print", "req_1", "run", 0, 60)


class RefusingS3:
    """S3 that refuses every read, and lists names unless it is told to refuse that, too."""

    def __init__(self, names: Iterable[str] = (), *, lists: bool = True) -> None:
        self.names, self.lists = sorted(names), lists

    def get_object(self, **_: Any) -> Any:
        raise _refusal("AccessDenied", "GetObject")

    def head_object(self, **_: Any) -> Any:
        raise _refusal("403", "HeadObject")  # an answer to HEAD has no body, and so no word for it

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int) -> Any:  # noqa: N803 - AWS's own names
        if not self.lists:
            raise _refusal("AccessDenied", "ListObjectsV2")
        found = [{"Key": name} for name in self.names if name.startswith(Prefix)]
        return {"Name": Bucket, "Contents": found[:MaxKeys]} if found else {"Name": Bucket}


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "Access Denied"}}, operation)


def _store(store: Any, s3: RefusingS3) -> Any:
    store._client = store._s3 = s3
    return store


READS: dict[str, Callable[[RefusingS3], object]] = {
    "unsettled/key_1/req_1": lambda s3: _store(PendingSettlementStore("b"), s3).find(HOLD),
    "answers/default/ab12/req_1": lambda s3: _store(AnswerStore("b"), s3).find(CLAIM),
    "jobs/default/job_1/plan.json": lambda s3: _store(JobFiles("b"), s3).get(JOB, "plan.json"),
    UPLOAD.key: lambda s3: _store(UploadStore(None, "t", "b"), s3)._head(UPLOAD),  # type: ignore[arg-type]
    "jobs/default/job_1/result": lambda s3: _store(JobFiles("b"), s3).find(JOB, "result"),
}


@pytest.mark.parametrize("name", READS)
def test_a_refused_read_is_of_a_missing_object_where_a_listing_has_no_such_name(name: str) -> None:
    assert READS[name](RefusingS3()) is None
    assert READS[name](RefusingS3([f"{name}0", f"{name}/part"])) is None  # names that only begin with it


@pytest.mark.parametrize("name", READS)
def test_a_refused_read_of_what_is_there_or_cannot_be_listed_stays_an_error(name: str) -> None:
    for s3 in (RefusingS3([name, f"{name}0"]), RefusingS3(lists=False)):
        with pytest.raises(GatewayError):
            READS[name](s3)
