"""Files too big for a request: sent straight into the bucket, or fetched from a URL, and then named."""

from __future__ import annotations

import json
import time
from typing import Any, cast

import pytest
import requests
from openai import BadRequestError, NotFoundError, OpenAI, omit

from tests.fakes.file_server import FileServer
from tests.sound import phrase
from tests.stack.sdk.stack_keys import add_key
from tests.stack.sdk.wire import Answer, Wire

pytestmark = pytest.mark.stack

MODEL = "fake-stt"
SPEECH = phrase()
HEARD = "I heard 1.1 seconds of wav"
JSON = {"content-type": "application/json"}
NO_FILE = cast("bytes", omit)  # the SDK's types want one


@pytest.fixture(scope="module")
def wire(wired_wire: Wire) -> Wire:
    """The wired stack may reach the web server."""
    return wired_wire


@pytest.fixture(scope="module")
def client(wired_client: OpenAI) -> OpenAI:
    return wired_client


@pytest.fixture(scope="module", autouse=True)
def _recording(files: FileServer) -> None:
    files.files["/speech.wav"] = SPEECH


@pytest.fixture(scope="module")
def stranger(wired_stack: dict[str, Any]) -> Wire:
    """A caller of another project."""
    return Wire(wired_stack["base_url"], add_key(wired_stack, project_id=_other_project(wired_stack)))


def _other_project(stack: dict[str, Any]) -> str:
    admin = Wire(stack["base_url"], stack["admin_key"])
    made = admin.call("POST", "/organization/projects", json.dumps({"name": "others"}).encode(), JSON)
    return str(made.json["id"])


def create_upload(wire: Wire, filename: str = "speech.wav", size: int | None = None) -> dict[str, Any]:
    body = {"filename": filename, "bytes": len(SPEECH) if size is None else size}
    answer = wire.call("POST", "/audio/uploads", json.dumps(body).encode(), JSON)
    assert answer.status == 200, answer.body
    return dict(answer.json)


def send(upload: dict[str, Any], data: bytes, **fields: str) -> requests.Response:
    return requests.post(
        upload["url"], data={**upload["fields"], **fields}, files={"file": ("any name", data)}, timeout=30
    )


def uploaded(wire: Wire, data: bytes | None = None) -> str:
    data = SPEECH if data is None else data
    upload = create_upload(wire, size=len(data))
    sent = send(upload, data)
    assert sent.status_code == 204, sent.text
    return str(upload["id"])


def transcribe(wire: Wire, endpoint: str = "transcriptions", **fields: Any) -> Answer:
    body = json.dumps({"model": MODEL} | fields).encode()
    return wire.call("POST", f"/audio/{endpoint}", body, JSON)


def test_an_upload_from_its_announcement_to_its_end(wire: Wire) -> None:
    upload = create_upload(wire, "Besprechung für Zoë.wav")
    path = f"/audio/uploads/{upload['id']}"
    assert upload["object"] == "audio.upload"
    assert (upload["status"], upload["filename"], upload["bytes"]) == (
        "pending",
        "Besprechung für Zoë.wav",
        len(SPEECH),
    )
    assert 0 < upload["expires_at"] - time.time() <= 15 * 60

    pending = wire.call("GET", path).json
    assert (pending["status"], pending["filename"]) == ("pending", None)
    assert "url" not in pending
    assert send(upload, SPEECH).status_code == 204
    done = wire.call("GET", path).json
    assert (done["status"], done["filename"]) == ("completed", "Besprechung für Zoë.wav")
    assert (done["id"], done["bytes"]) == (upload["id"], len(SPEECH))

    assert wire.call("DELETE", path).json == {"id": upload["id"], "object": "audio.upload.deleted", "deleted": True}
    assert wire.call("GET", path).status == 404
    assert wire.call("DELETE", path).status == 404
    gone = transcribe(wire, upload_id=upload["id"])
    assert (gone.status, gone.error["param"]) == (404, "upload_id")
    send(upload, SPEECH)  # the form may still be good: it brings nothing back
    assert transcribe(wire, upload_id=upload["id"]).status == 404


def test_the_bucket_takes_no_more_than_was_announced_and_no_other_name(wire: Wire) -> None:
    upload = create_upload(wire, size=1000)
    assert send(upload, b"a" * 1001).status_code == 400
    assert send(upload, b"").status_code == 400
    assert send(upload, b"a" * 10, key="uploads/default/upload_000000000000000000000000").status_code == 403
    pending = transcribe(wire, upload_id=upload["id"])
    assert (pending.status, pending.error["code"], pending.error["param"]) == (400, "upload_pending", "upload_id")
    assert send(upload, b"a" * 1000).status_code == 204


def test_the_official_sdk_names_an_upload_in_place_of_a_file(wire: Wire, client: OpenAI) -> None:
    upload_id = uploaded(wire)
    named = {"upload_id": upload_id}
    answer = client.audio.transcriptions.create(model=MODEL, file=NO_FILE, extra_body=named)
    assert answer.text.startswith(HEARD)
    assert transcribe(wire, "translations", upload_id=upload_id).json["text"] == answer.text


def test_a_json_body_has_all_the_fields_in_its_own_types(wire: Wire) -> None:
    answer = transcribe(
        wire, upload_id=uploaded(wire), response_format="verbose_json", timestamp_granularities=["word"],
        temperature=0, stream=False, language="en", prompt=None,
    )  # fmt: skip
    assert answer.status == 200, answer.body
    assert answer.json["words"]
    assert "segments" not in answer.json
    assert "x-audio-gateway-cost-usd" in answer.headers


def test_an_upload_answers_as_the_file_itself(wire: Wire, client: OpenAI) -> None:
    whole = client.audio.transcriptions.create(model=MODEL, file=("speech.wav", SPEECH), response_format="srt")
    assert transcribe(wire, upload_id=uploaded(wire), response_format="srt").body.decode() == whole


def test_another_projects_upload_is_not_there(wire: Wire, stranger: Wire) -> None:
    upload_id = uploaded(wire)
    for answer in (
        stranger.call("GET", f"/audio/uploads/{upload_id}"),
        stranger.call("DELETE", f"/audio/uploads/{upload_id}"),
        transcribe(stranger, upload_id=upload_id),
        transcribe(stranger, "translations", upload_id=upload_id),
    ):
        assert (answer.status, answer.error["code"]) == (404, "upload_not_found")
    assert wire.call("GET", f"/audio/uploads/{upload_id}").json["status"] == "completed"


def test_an_upload_that_is_no_audio_names_the_field(wire: Wire) -> None:
    answer = transcribe(wire, upload_id=uploaded(wire, b"not audio at all, " * 100))
    assert (answer.status, answer.error["param"]) == (400, "upload_id")


def test_a_file_above_the_limit_is_refused_when_it_is_announced(wire: Wire) -> None:
    body = json.dumps({"filename": "a.wav", "bytes": 2 * 1024**3 + 1}).encode()
    answer = wire.call("POST", "/audio/uploads", body, JSON)
    assert (answer.status, answer.error["param"]) == (413, "bytes")


def test_a_file_is_fetched_from_its_url(wire: Wire, client: OpenAI, files: FileServer) -> None:
    files.answers["/moved"] = (302, {"Location": "/speech.wav", "Content-Length": "0"}, b"")
    answer = client.audio.transcriptions.create(
        model=MODEL,
        file=NO_FILE,
        extra_body={"file_url": files.url("/moved")},
    )
    assert answer.text.startswith(HEARD)
    assert transcribe(wire, file_url=files.url("/speech.wav")).json["text"] == answer.text
    assert all("authorization" not in headers for _, headers in files.heard)


def test_the_sdk_says_what_is_wrong_with_a_url(client: OpenAI, files: FileServer) -> None:
    for url in ("https://127.0.0.1/a.mp3", "http://localhost:1/a.mp3", files.url("/missing")):
        with pytest.raises(BadRequestError) as caught:
            client.audio.transcriptions.create(
                model=MODEL,
                file=NO_FILE,
                extra_body={"file_url": url},
            )
        assert caught.value.param == "file_url"


def test_the_sdk_says_that_an_upload_does_not_exist(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.audio.transcriptions.create(
            model=MODEL,
            file=NO_FILE,
            extra_body={"upload_id": "upload_" + "0" * 24},
        )
    assert caught.value.param == "upload_id"


def test_a_redirect_does_not_lead_into_the_network(wire: Wire, files: FileServer) -> None:
    for location in (
        "http://127.0.0.1:1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "file:///etc/passwd",
    ):
        files.answers["/inside"] = (302, {"Location": location, "Content-Length": "0"}, b"")
        answer = transcribe(wire, file_url=files.url("/inside"))
        assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "file_url", "invalid_url")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"upload_id": "upload_" + "0" * 24, "file_url": "https://example.com/a.mp3"},
        {"upload_id": 5},
        {"upload_id": ""},
        {"file": "x"},
        {"file_url": "https://example.com/a.mp3", "temperature": "0"},
        {"file_url": "https://example.com/a.mp3", "timestamp_granularities": "word"},
        {"file_url": "https://example.com/a.mp3", "stream": "true"},
    ],
)
def test_wrong_json_bodies_are_400s_that_name_a_field(wire: Wire, fields: dict[str, Any]) -> None:
    answer = transcribe(wire, **fields)
    assert answer.status == 400
    assert answer.error["param"] in {"file", *fields}
