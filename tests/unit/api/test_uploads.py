"""/audio/uploads through the real handler, on a table in memory and S3 in moto."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from audio_gateway.api.active_key import active_caller
from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.uploads import uploads_app
from audio_gateway.errors import FileUnavailable, InvalidRequest, NotFound, RequestTooLarge, StorageUnavailable
from audio_gateway.metering.account_item import account_key, new_account_item
from audio_gateway.metering.account_store import AccountStore
from audio_gateway.metering.free_requests import FreeRequests
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.pending_uploads import AnnouncedUploads, PendingUploads
from audio_gateway.net.targets import AllowedHosts
from audio_gateway.uploads.named_files import NamedFileReader
from audio_gateway.uploads.upload import FORM_SECONDS, MAX_BYTES, UPLOAD_KEPT_SECONDS
from audio_gateway.uploads.upload_store import UploadStore
from tests.fakes.gateway import API_CALLER, Answer, call, event, json_event
from tests.unit.metering.tables import TABLE
from tests.unit.storage.buckets import BUCKET

NOW_S = 1_795_262_400.5
STRANGER = API_CALLER | {"project_id": "proj_other"}
KEY = API_CALLER["key_id"]
NAME = "Besprechung für Zoë.mp3"


class Gateway:
    """The uploads function, its clock, and the files as other functions read them."""

    def __init__(self, dynamodb: Any, bucket: Any) -> None:
        self.now_s = NOW_S
        self.table, self.bucket = dynamodb, bucket
        self.store = UploadStore(dynamodb, TABLE, BUCKET)
        self.inputs = NamedFileReader(self.store, AllowedHosts(), lambda: self.now_s)
        self.limit()
        visits = FreeRequests(dynamodb, TABLE, lambda: int(self.now_s * 1000))
        writer_of = active_caller(AccountStore(dynamodb, TABLE), lambda: int(self.now_s * 1000))
        app = uploads_app(uploads=self.store, visits=visits, writer_of=writer_of, now_s=lambda: self.now_s)
        self.handler = lambda_handler(app, "uploads")

    def limit(self, status: str = "active", **limits: Any) -> None:
        """The operator changes the caller's key."""
        item = new_account_item(KEY, Limits(**limits)) | {"status": {"S": status}}
        old = self.table.get_item(TableName=TABLE, Key=account_key(KEY)).get("Item")
        if old:
            item |= {"version": {"N": str(int(old["version"]["N"]) + 1)}}
        self.table.put_item(TableName=TABLE, Item=item)

    @property
    def uploads(self) -> list[dict[str, Any]]:
        """The items of uploads."""
        items = self.table.scan(TableName=TABLE)["Items"]
        return [item for item in items if item["pk"]["S"].startswith("UPLOADS#")]

    @property
    def pending(self) -> int:
        """Pending bytes in the caller's usage."""
        found = AccountStore(self.table, TABLE).get(KEY, int(self.now_s * 1000))
        assert found is not None
        return found[1].pending_upload_bytes

    def create(self, body: Any = None, **options: Any) -> Answer:
        body = {"filename": NAME, "bytes": 1000} if body is None else body
        return call(self.handler, json_event("/audio/uploads", body, **options))

    def ask(self, method: str, upload_id: str, **options: Any) -> Answer:
        return call(self.handler, event(method, f"/audio/uploads/{upload_id}", **options))

    def put(self, upload: dict[str, Any], data: bytes = b"a" * 900) -> None:
        """Send the form to S3."""
        fields = upload["fields"]
        metadata = {"filename": fields["x-amz-meta-filename"]}
        self.bucket.put_object(Bucket=BUCKET, Key=fields["key"], Body=data, Metadata=metadata)


@pytest.fixture
def gateway(dynamodb: Any, bucket: Any) -> Gateway:
    return Gateway(dynamodb, bucket)


def policy_of(upload: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(upload["fields"]["policy"])))


def test_a_key_is_required_for_models(gateway: Gateway) -> None:
    assert gateway.create(authorizer={}).status == 401
    assert gateway.ask("GET", "upload_x", authorizer={}).status == 401
    assert gateway.ask("DELETE", "upload_x", authorizer={}).status == 401


def test_an_upload_is_announced(gateway: Gateway) -> None:
    upload = gateway.create().json
    assert set(upload) == {
        "id", "object", "status", "filename", "bytes", "created_at", "expires_at", "url", "fields",
    }  # fmt: skip
    assert (upload["object"], upload["status"]) == ("audio.upload", "pending")
    assert (upload["filename"], upload["bytes"]) == (NAME, 1000)
    assert (upload["created_at"], upload["expires_at"]) == (int(NOW_S), int(NOW_S) + FORM_SECONDS)
    assert upload["fields"]["key"] == f"uploads/default/{upload['id']}"
    assert upload["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert upload["url"].startswith(f"https://{BUCKET}.s3.us-east-1.amazonaws.com")


def test_the_form_is_for_one_key_and_one_size_only(gateway: Gateway) -> None:
    upload = gateway.create().json
    policy = policy_of(upload)
    assert ["content-length-range", 1, 1000] in policy["conditions"]
    assert {"key": f"uploads/default/{upload['id']}"} in policy["conditions"]
    assert {"bucket": BUCKET} in policy["conditions"]
    assert not [each for each in policy["conditions"] if isinstance(each, list) and each[0] == "starts-with"]
    named = {name for each in policy["conditions"] if isinstance(each, dict) for name in each}
    assert named >= set(upload["fields"]) - {"policy", "x-amz-signature"}  # S3 refuses fields that no condition names


def test_a_files_name_is_kept_with_the_file_and_not_in_the_table(gateway: Gateway) -> None:
    upload = gateway.create().json
    (item,) = gateway.uploads
    assert set(item) == {"pk", "sk", "key_id", "bytes", "created_at", "ttl"}
    assert (item["pk"]["S"], item["sk"]["S"]) == ("UPLOADS#default", upload["id"])
    assert NAME not in str(gateway.table.scan(TableName=TABLE)["Items"])
    assert gateway.ask("GET", upload["id"]).json["filename"] is None
    gateway.put(upload)
    assert gateway.ask("GET", upload["id"]).json["filename"] == NAME


def test_the_states_of_an_upload(gateway: Gateway) -> None:
    upload = gateway.create().json
    shown = {name: value for name, value in upload.items() if name not in {"url", "fields"}}
    assert gateway.ask("GET", upload["id"]).json == shown | {"filename": None}

    gateway.now_s = NOW_S + FORM_SECONDS
    assert gateway.ask("GET", upload["id"]).json == shown | {"filename": None, "status": "expired"}
    gateway.put(upload)  # it was started in time
    kept = {"status": "completed", "bytes": 900, "expires_at": int(NOW_S) + UPLOAD_KEPT_SECONDS}
    assert gateway.ask("GET", upload["id"]).json == shown | kept
    gateway.now_s = NOW_S + UPLOAD_KEPT_SECONDS
    assert gateway.ask("GET", upload["id"]).json["status"] == "expired"


def test_a_deleted_upload_is_not_found_immediately(gateway: Gateway) -> None:
    upload = gateway.create().json
    gateway.put(upload)
    answer = gateway.ask("DELETE", upload["id"])
    assert answer.json == {"id": upload["id"], "object": "audio.upload.deleted", "deleted": True}
    assert "Contents" not in gateway.bucket.list_objects_v2(Bucket=BUCKET)
    assert gateway.uploads == []
    for method in ("GET", "DELETE"):
        gone = gateway.ask(method, upload["id"])
        assert (gone.status, gone.error["code"], gone.error["param"]) == (404, "upload_not_found", "upload_id")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_another_projects_upload_is_not_there(gateway: Gateway, method: str) -> None:
    upload = gateway.create().json
    gateway.put(upload)
    assert gateway.ask(method, upload["id"], authorizer=STRANGER).status == 404
    assert gateway.ask("GET", upload["id"]).json["status"] == "completed"


@pytest.mark.parametrize(
    "upload_id", ["x", "upload_", "upload_" + "A" * 24, "upload_" + "0" * 24, "upload_" + "0" * 900]
)
def test_an_id_that_is_none_is_a_404(gateway: Gateway, upload_id: str) -> None:
    assert gateway.ask("GET", upload_id).status == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "filename"),
        ({"filename": "a.mp3"}, "bytes"),
        ({"bytes": 5}, "filename"),
        ({"filename": "", "bytes": 5}, "filename"),
        ({"filename": 5, "bytes": 5}, "filename"),
        ({"filename": "a" * 256, "bytes": 5}, "filename"),
        ({"filename": "a\nb", "bytes": 5}, "filename"),
        ({"filename": "\ud800", "bytes": 5}, "filename"),
        ({"filename": "a", "bytes": "5"}, "bytes"),
        ({"filename": "a", "bytes": 5.0}, "bytes"),
        ({"filename": "a", "bytes": True}, "bytes"),
        ({"filename": "a", "bytes": 0}, "bytes"),
        ({"filename": "a", "bytes": -1}, "bytes"),
        ({"filename": "a", "bytes": None}, "bytes"),
        ({"filename": "a", "bytes": 5, "key": "results/x"}, "key"),
        ([], None),
        (b"{", None),
    ],
)
def test_a_wrong_body_is_a_400_that_names_the_field(gateway: Gateway, body: Any, param: str | None) -> None:
    answer = gateway.create(body)
    assert (answer.status, answer.error["param"]) == (400, param)
    assert gateway.uploads == []


def test_two_gigabytes_and_no_byte_more(gateway: Gateway) -> None:
    assert gateway.create({"filename": "a", "bytes": MAX_BYTES}).status == 200
    answer = gateway.create({"filename": "a", "bytes": MAX_BYTES + 1})
    assert (answer.status, answer.error["param"]) == (413, "bytes")


def test_the_longest_name_fits_where_it_is_kept(gateway: Gateway) -> None:
    name = "\U0001f3a4" * 255
    upload = gateway.create({"filename": name, "bytes": 5}).json
    assert len(upload["fields"]["x-amz-meta-filename"]) + len("filename") <= 2048  # the metadata that S3 accepts
    gateway.put(upload, b"12345")
    assert gateway.ask("GET", upload["id"]).json["filename"] == name


def test_another_method_or_type_is_refused(gateway: Gateway) -> None:
    assert gateway.ask("POST", "upload_x").status == 405
    assert call(gateway.handler, event("GET", "/audio/uploads")).status == 405
    assert gateway.create(headers={"Content-Type": "text/plain"}).status == 415


# ---------------------------------------------------------------- on use
def test_a_file_is_read_as_it_is(gateway: Gateway) -> None:
    upload = gateway.create().json
    gateway.put(upload, b"audio")
    assert gateway.inputs.upload("default", upload["id"], limit=5) == b"audio"
    with pytest.raises(RequestTooLarge) as caught:
        gateway.inputs.upload("default", upload["id"], limit=4)
    assert caught.value.param == "upload_id"


def test_a_missing_file_is_refused_with_the_reason(gateway: Gateway) -> None:
    upload_id = gateway.create().json["id"]
    with pytest.raises(NotFound):
        gateway.inputs.upload("proj_other", upload_id, limit=5)
    for now_s, code in ((NOW_S, "upload_pending"), (NOW_S + FORM_SECONDS, "upload_expired")):
        gateway.now_s = now_s
        with pytest.raises(FileUnavailable) as caught:
            gateway.inputs.upload("default", upload_id, limit=5)
        assert (caught.value.code, caught.value.param) == (code, "upload_id")


def test_a_file_whose_time_is_over_is_not_read_although_it_is_still_there(gateway: Gateway) -> None:
    upload = gateway.create().json
    gateway.put(upload)
    gateway.now_s = NOW_S + UPLOAD_KEPT_SECONDS
    with pytest.raises(FileUnavailable) as caught:
        gateway.inputs.upload("default", upload["id"], limit=5000)
    assert caught.value.code == "upload_expired"


def test_a_file_that_is_replaced_after_the_check_is_not_read(gateway: Gateway) -> None:
    upload = gateway.create().json
    gateway.put(upload, b"first")
    seen = gateway.store.file("default", upload["id"], NOW_S)
    gateway.put(upload, b"other")
    with pytest.raises(InvalidRequest):
        gateway.store.read(seen)


def test_a_missing_bucket_is_not_the_callers_fault(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = gateway.create().json["id"]
    elsewhere = UploadStore(gateway.table, TABLE, BUCKET)
    monkeypatch.setattr(type(elsewhere), "_s3", _Broken())
    with pytest.raises(StorageUnavailable):
        elsewhere.state("default", upload_id, NOW_S)


class _Broken:
    def __getattr__(self, name: str) -> Any:
        from botocore.exceptions import ConnectTimeoutError

        def fail(**_: object) -> None:
            raise ConnectTimeoutError(endpoint_url="s3")

        return fail


def test_a_form_is_a_request_of_its_key(gateway: Gateway) -> None:
    gateway.limit(requests_per_minute=2)
    assert [gateway.create().status for _ in range(3)] == [200, 200, 429]
    refused = gateway.create()
    assert (refused.error["code"], refused.headers["x-ratelimit-remaining-requests"]) == ("rate_limit_exceeded", "0")
    assert gateway.pending == 2000
    gateway.now_s += 60
    assert gateway.create().status == 200


@pytest.mark.parametrize("status", ["disabled", "archived"])
def test_a_key_that_has_ended_gets_no_form(gateway: Gateway, status: str) -> None:
    assert gateway.create().status == 200
    gateway.limit(status)
    assert (gateway.create().status, gateway.pending) == (401, 1000)


def test_a_key_that_has_expired_gets_no_form(gateway: Gateway) -> None:
    gateway.limit(expires_at=int(NOW_S) + 10)
    assert gateway.create().status == 200
    gateway.now_s += 10
    assert (gateway.create().status, gateway.pending) == (401, 1000)


def test_bytes_are_pending_until_they_are_used_deleted_or_expired(gateway: Gateway) -> None:
    gateway.limit(pending_upload_bytes=3000)
    used, deleted, expired = (gateway.create().json["id"] for _ in range(3))
    refused = gateway.create()
    assert (refused.status, refused.headers["x-should-retry"]) == (429, "false")
    assert "3,000 bytes of uploads pending" in refused.error["message"]
    assert "DELETE" in refused.error["message"]
    gateway.inputs.used("default", used)
    gateway.inputs.used("default", used)  # by another job
    assert gateway.pending == 2000
    gateway.ask("DELETE", deleted)
    assert gateway.pending == 1000
    assert [gateway.create().status for _ in range(3)] == [200, 200, 429]
    gateway.now_s += UPLOAD_KEPT_SECONDS + 1
    assert gateway.pending == 0
    assert gateway.create().status == 200
    assert gateway.pending == 1000
    gateway.inputs.used("default", expired)
    assert gateway.pending == 1000


def test_a_file_above_the_whole_limit_is_refused_with_the_limit(gateway: Gateway) -> None:
    gateway.limit(pending_upload_bytes=999)
    assert "this file alone has 1,000" in gateway.create().error["message"]


def test_without_a_limit_100_gb_are_pending_and_no_more(gateway: Gateway) -> None:
    body = {"filename": NAME, "bytes": MAX_BYTES}
    assert [gateway.create(body).status for _ in range(47)] == [200] * 46 + [429]


def test_many_small_uploads_are_bounded_and_all_of_them_expire(gateway: Gateway, monkeypatch: Any) -> None:
    monkeypatch.setattr("audio_gateway.metering.pending_uploads.MOST_FILES", 230)
    PendingUploads(gateway.table, TABLE).add(AnnouncedUploads(KEY, "upload_0", 1, int(NOW_S) + 10), 10**9, int(NOW_S))
    item = gateway.table.get_item(TableName=TABLE, Key=account_key(KEY) | {"sk": {"S": "uploads"}})["Item"]
    others = {f"upload_{number}": item["upload_0"] for number in range(1, 230)}
    sums = {"pending_bytes": {"N": "230"}, "pending_files": {"N": "230"}}
    gateway.table.put_item(TableName=TABLE, Item=item | others | sums)
    refused = gateway.create()
    assert (refused.status, "230 uploads pending" in refused.error["message"]) == (429, True)
    gateway.now_s += 20
    assert gateway.create().status == 200
    assert gateway.pending == 1000


def test_an_announcement_that_arrives_twice_counts_once(gateway: Gateway) -> None:
    pending, upload = PendingUploads(gateway.table, TABLE), AnnouncedUploads(KEY, "upload_1", 700, int(NOW_S) + 10)
    for _ in range(2):
        pending.add(upload, 1000, int(NOW_S))
    assert gateway.pending == 700
    for _ in range(2):
        pending.forget(upload)
    assert gateway.pending == 0


def test_an_upload_that_could_not_be_kept_is_not_pending(gateway: Gateway, monkeypatch: Any) -> None:
    def fails(*_: Any) -> None:
        raise StorageUnavailable("Not now.")

    monkeypatch.setattr(gateway.store._table, "put_if_absent", fails)
    assert (gateway.create().status, gateway.pending) == (503, 0)


def test_an_upload_of_before_there_was_a_limit_is_used_and_deleted_as_it_was(gateway: Gateway) -> None:
    upload_id = gateway.create().json["id"]
    key = {"pk": {"S": "UPLOADS#default"}, "sk": {"S": upload_id}}
    item = gateway.table.get_item(TableName=TABLE, Key=key)["Item"]
    del item["key_id"]
    gateway.table.put_item(TableName=TABLE, Item=item)
    gateway.inputs.used("default", upload_id)
    assert gateway.ask("DELETE", upload_id).status == 200


def test_all_files_of_a_project_go_and_no_others(gateway: Gateway) -> None:
    kept = gateway.create(authorizer=STRANGER).json
    for _ in range(3):
        gateway.put(gateway.create().json)
    gateway.put(kept)
    gateway.bucket.put_object(Bucket=BUCKET, Key="uploads/default2/upload_x", Body=b"a")
    for _ in range(2):
        gateway.store.remove_all("default")
    left = [each["Key"] for each in gateway.bucket.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert left == ["uploads/default2/upload_x", kept["fields"]["key"]]


def test_files_of_a_project_that_s3_kept_are_no_success(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.put(gateway.create().json)
    kept = {"Errors": [{"Key": "uploads/default/upload_x", "Code": "InternalError", "Message": ""}]}
    monkeypatch.setattr(gateway.store._s3, "delete_objects", lambda **_: kept, raising=False)
    with pytest.raises(StorageUnavailable):
        gateway.store.remove_all("default")


@pytest.mark.parametrize("status", ["disabled", "archived", "deleted"])
def test_a_key_that_was_revoked_deletes_and_announces_nothing(gateway: Gateway, status: str) -> None:
    """API Gateway caches for a minute that it was active."""
    upload = gateway.create().json
    gateway.put(upload)
    gateway.limit(status)
    assert gateway.ask("DELETE", upload["id"]).status == 401
    assert gateway.create().status == 401
    assert gateway.ask("GET", upload["id"]).json["status"] == "completed"
