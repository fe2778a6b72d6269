"""The Python client, between OpenAI's SDK and a fake gateway."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI, OpenAI

import audio_gateway_client
from audio_gateway_client import _steps as steps
from audio_gateway_client._form import FileStream, FormParser, UploadStream, boundary_of, plain_name
from tests.fakes.job_gateway import KEY, FakeGateway

pytestmark = pytest.mark.slow

THRESHOLD = 100_000
BIG = THRESHOLD + 1
WAY = [
    ("POST", "/v1/audio/uploads"),
    ("POST", "/bucket"),
    ("POST", "/v1/audio/transcriptions"),
    *[("GET", "/v1/audio/jobs/*/content")] * 3,
]
PLAIN = [("POST", "/v1/audio/transcriptions")]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGateway]:
    monkeypatch.setattr(steps, "_pause_s", lambda _attempt: 0.0)
    with FakeGateway() as running:  # one per test, because an abandoned request may arrive late
        yield running


@pytest.fixture
def sdk(gateway: FakeGateway) -> Iterator[Callable[..., OpenAI]]:
    made: list[OpenAI] = []

    def make(**settings: Any) -> OpenAI:
        http = audio_gateway_client.http_client(**{"threshold": THRESHOLD, **settings})
        made.append(OpenAI(base_url=gateway.base_url, api_key=KEY, http_client=http))
        return made[-1]

    yield make
    for client in made:
        client.close()


def recording(size: int, name: str = "talk.mp3") -> io.BytesIO:
    file = io.BytesIO(os.urandom(size))
    file.name = name
    return file


def heard(client: OpenAI, size: int = BIG, **options: Any) -> Any:
    return client.audio.transcriptions.create(model="m", file=recording(size), **options)


# ---------------------------------------------------------------- uploads and jobs
@pytest.mark.parametrize(
    ("size", "way"), [(0, PLAIN), (1, PLAIN), (THRESHOLD - 1, PLAIN), (THRESHOLD, PLAIN), (THRESHOLD + 1, WAY)]
)
def test_a_file_above_the_threshold_is_uploaded(gateway: FakeGateway, sdk: Any, size: int, way: Any) -> None:
    assert heard(sdk(), size).text == f"{size} bytes"
    assert gateway.sent == way


def test_a_small_file_among_big_fields_is_uploaded_too(gateway: FakeGateway, sdk: Any) -> None:
    assert heard(sdk(), 10, prompt="x" * 500_000).text == "10 bytes"
    assert gateway.sent == WAY


def test_the_bytes_the_name_and_the_other_fields_arrive(gateway: FakeGateway, sdk: Any) -> None:
    file = recording(BIG, "Grüße.mp3")
    sdk().audio.transcriptions.create(
        model="m", file=file, prompt="Näme", response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    (upload,) = gateway.uploads.values()
    assert upload.file_sha256 == hashlib.sha256(file.getvalue()).hexdigest()
    assert list(gateway.announced.values()) == [{"filename": "Grüße.mp3", "bytes": BIG}]
    (request,) = (job.request for job in gateway.jobs.values())
    assert request.fields["prompt"] == "Näme"
    assert request.fields["background"] == "true"
    assert request.fields["upload_id"] == next(iter(gateway.uploads))
    assert request.file_bytes is None


@pytest.mark.parametrize(
    "options", [{"response_format": "srt"}, {"response_format": "text"}, {"response_format": "vtt"}]
)
def test_text_formats_are_strings(sdk: Any, options: Any) -> None:
    assert heard(sdk(), **options) == f"{options['response_format']}: {BIG} bytes\n"


def test_a_streamed_response_is_a_stream(sdk: Any) -> None:
    events = list(heard(sdk(), stream=True))
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]


def test_translations_and_raw_responses(sdk: Any) -> None:
    client = sdk()
    with pytest.warns(DeprecationWarning, match="deprecated"):
        answer = client.audio.translations.create(model="m", file=recording(BIG))
    assert answer.text == f"{BIG} bytes"
    raw = client.audio.transcriptions.with_raw_response.create(model="m", file=recording(BIG))
    assert raw.headers["x-request-id"] == "req_fake"
    assert raw.parse().text == f"{BIG} bytes"


def test_a_result_in_the_bucket_is_fetched_without_the_key(gateway: FakeGateway, sdk: Any) -> None:
    gateway.result_elsewhere = True
    assert heard(sdk(), response_format="text") == "from elsewhere"


@pytest.mark.parametrize("behaviour", ["drop", "drop-answer", "503"])
def test_fetching_a_result_from_the_bucket_is_retried_without_a_new_job(
    gateway: FakeGateway, sdk: Any, behaviour: str
) -> None:
    gateway.result_elsewhere = True
    gateway.next("/elsewhere", behaviour, behaviour)
    assert heard(sdk(), response_format="text") == "from elsewhere"
    assert (len(gateway.jobs), len(gateway.uploads)) == (1, 1)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_truncated_result_raises_without_a_new_job(gateway: FakeGateway, sdk: Any, elsewhere: bool) -> None:
    gateway.result_elsewhere = elsewhere
    gateway.job_parts = 0
    gateway.next("/elsewhere" if elsewhere else "/v1/audio/jobs", "half")
    with pytest.raises(audio_gateway_client.JobUnreachable, match="/content") as lost:
        heard(sdk())
    assert lost.value.job_id in gateway.jobs
    assert len(gateway.jobs) == 1


def test_an_asynchronous_client_starts_no_new_job_either(gateway: FakeGateway) -> None:
    gateway.job_parts = 0
    gateway.next("/v1/audio/jobs", "half")

    async def run() -> None:
        async with AsyncOpenAI(
            base_url=gateway.base_url,
            api_key=KEY,
            http_client=audio_gateway_client.async_http_client(threshold=THRESHOLD),
        ) as client:
            with pytest.raises(audio_gateway_client.JobUnreachable):
                await client.audio.transcriptions.create(model="m", file=recording(BIG))

    asyncio.run(run())
    assert len(gateway.jobs) == 1


@pytest.mark.parametrize("behaviour", ["drop", "drop-answer", "429", "500", "503"])
def test_a_failed_poll_starts_no_new_job(gateway: FakeGateway, sdk: Any, behaviour: str) -> None:
    gateway.next("/v1/audio/jobs", behaviour, behaviour)
    assert heard(sdk()).text == f"{BIG} bytes"
    assert len(gateway.jobs) == 1


def test_a_wait_may_outlast_the_sdks_limit_of_redirects(gateway: FakeGateway, sdk: Any) -> None:
    gateway.job_parts = 45
    assert heard(sdk()).text == f"{BIG} bytes"
    assert all("hop" not in seen.query for seen in gateway.calls("GET", "/v1/audio/jobs"))


def test_background_returns_the_job(gateway: FakeGateway, sdk: Any) -> None:
    raw = sdk().audio.transcriptions.with_raw_response.create(
        model="m", file=recording(BIG), extra_body={"background": True}
    )
    assert raw.status_code == 202
    assert gateway.sent == WAY[:3]


@pytest.mark.parametrize("field", ["file_url", "upload_id"])
def test_audio_named_in_a_json_body_is_awaited(gateway: FakeGateway, sdk: Any, field: str) -> None:
    answer = sdk().post("/audio/transcriptions", body={"model": "m", field: "x"}, cast_to=httpx2.Response)
    assert answer.json()["text"] == "None bytes"
    assert gateway.sent == WAY[2:]


def test_other_requests_pass_unchanged(gateway: FakeGateway, sdk: Any) -> None:
    client = sdk()
    client.audio.speech.create(model="m", voice="v", input="x" * 4096)
    (seen,) = gateway.seen
    assert seen.json == {"model": "m", "voice": "v", "input": "x" * 4096}
    assert "idempotency-key" not in seen.headers


# ---------------------------------------------------------------- long text
def test_a_long_text_becomes_a_job(gateway: FakeGateway, sdk: Any) -> None:
    client = sdk()
    assert client.audio.speech.create(model="m", voice="v", input="é" * 4097).read() == b"RIFF4097"
    with client.audio.speech.with_streaming_response.create(model="m", voice="v", input="x" * 9000) as answer:
        assert b"".join(answer.iter_bytes()) == b"RIFF9000"
    assert all(job.request.json["background"] is True for job in gateway.jobs.values())


def test_the_limit_counts_characters_not_bytes(gateway: FakeGateway, sdk: Any) -> None:
    sdk().audio.speech.create(model="m", voice="v", input="語" * 4096)
    assert not gateway.jobs


# ---------------------------------------------------------------- files of every kind
def test_progress_counts_the_bytes_of_the_file(sdk: Any) -> None:
    reported: list[tuple[int, int]] = []
    heard(sdk(on_upload=lambda sent, total: reported.append((sent, total))), 1_000_000)
    assert reported[0] == (0, 1_000_000)
    assert reported[-1] == (1_000_000, 1_000_000)
    assert reported == sorted(reported)
    assert len(reported) > 10


def test_the_job_is_reported(gateway: FakeGateway, sdk: Any) -> None:
    reported: list[Any] = []
    heard(sdk(on_job=reported.append))
    assert [job["progress"]["completed"] for job in reported] == [0, 1, 2, 3]
    assert reported[-1]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ('a "b" c.mp3', 'a "b" c.mp3'),
        ("line\nbreak.wav", "line_break.wav"),
        ("C:\\x.mp3", "x.mp3"),
        ("x" * 300 + ".flac", "x" * 250 + ".flac"),
        ("\u0001", "_"),
        ("会議.m4a", "会議.m4a"),
        ("100%.mp3", "100%.mp3"),
    ],
)
def test_unusual_file_names(gateway: FakeGateway, sdk: Any, name: str, expected: str) -> None:
    sdk().audio.transcriptions.create(model="m", file=(name, os.urandom(BIG)))
    (announced,) = gateway.announced.values()
    assert announced["filename"] == expected


class Unseekable(io.RawIOBase):
    """A stream of unknown length."""

    def __init__(self, size: int) -> None:
        self._file = io.BytesIO(b"y" * size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)


@pytest.mark.parametrize(("size", "way"), [(BIG, WAY), (5, PLAIN)])
def test_a_stream_of_unknown_length(gateway: FakeGateway, sdk: Any, size: int, way: Any) -> None:
    answer = sdk().audio.transcriptions.create(model="m", file=("x.mp3", Unseekable(size)))
    assert answer.text == f"{size} bytes"
    assert gateway.sent == way


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(gateway: FakeGateway, tmp_path: Path) -> None:
    size = 120 * 1024 * 1024
    with (tmp_path / "sparse.wav").open("wb") as file:
        file.truncate(size)
    program = f"""
        import resource, openai, audio_gateway_client
        def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        http = audio_gateway_client.http_client()
        client = openai.OpenAI(base_url={gateway.base_url!r}, api_key={KEY!r}, http_client=http)
        before = peak()
        with open({str(tmp_path / "sparse.wav")!r}, "rb") as file:
            print(client.audio.transcriptions.create(model="m", file=file).text, peak() - before)
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT / "clients" / "python")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env=environment, capture_output=True, text=True, check=True
    )
    reported, _, grown_mb = done.stdout.strip().rpartition(" ")
    assert reported == f"{size} bytes"
    assert int(grown_mb) < 30


# ---------------------------------------------------------------- errors
def test_an_interrupted_upload_is_retried(gateway: FakeGateway, sdk: Any) -> None:
    reported: list[int] = []
    gateway.next("/bucket", "drop", "503")
    answer = heard(sdk(on_upload=lambda sent, _total: reported.append(sent)), 3_000_000)
    assert answer.text == "3000000 bytes"
    assert reported.count(0) == 3
    assert len(gateway.uploads) == 1
    assert len(gateway.jobs) == 1


def test_a_failed_upload_starts_no_job(gateway: FakeGateway, sdk: Any) -> None:
    gateway.next("/bucket", *["drop"] * 20)
    with pytest.raises(audio_gateway_client.UploadFailed) as caught:
        heard(sdk(retries=2))
    assert isinstance(caught.value, openai.APIConnectionError)
    assert len(gateway.calls("POST", "/bucket")) == 3, "the SDK must not begin anew"
    assert not gateway.jobs


@pytest.mark.parametrize(
    ("behaviour", "error", "status", "tries"),
    [
        ("xml=400:EntityTooLarge", openai.APIStatusError, 413, 1),
        ("xml=400:InvalidPolicyDocument", openai.BadRequestError, 400, 1),
        ("xml=403:AccessDenied", openai.InternalServerError, 502, 4),
    ],
)
def test_a_refusal_by_the_bucket_is_raised(
    gateway: FakeGateway, sdk: Any, behaviour: str, error: Any, status: int, tries: int
) -> None:
    gateway.next("/bucket", *[behaviour] * 4)
    with pytest.raises(error) as caught:
        heard(sdk())
    assert caught.value.status_code == status
    assert behaviour.partition(":")[2] in caught.value.message
    assert caught.value.code == "upload_failed"
    assert len(gateway.calls("POST", "/bucket")) == tries


def test_an_expired_form_is_requested_again(gateway: FakeGateway, sdk: Any) -> None:
    gateway.next("/bucket", "xml=403:AccessDenied")
    assert heard(sdk()).text == f"{BIG} bytes"
    assert len(gateway.announced) == 2


@pytest.mark.parametrize("path", ["/v1/audio/uploads", "/v1/audio/transcriptions"])
@pytest.mark.parametrize(
    ("status", "error"),
    [("400", openai.BadRequestError), ("404", openai.NotFoundError), ("429:no", openai.RateLimitError)],
)
def test_error_responses_raise_sdk_exceptions(
    gateway: FakeGateway, sdk: Any, path: str, status: str, error: Any
) -> None:
    gateway.next(path, status)
    with pytest.raises(error) as caught:
        heard(sdk())
    assert caught.value.code == "told_to"
    assert caught.value.request_id == "req_fake"
    assert len(gateway.calls("POST", path)) == 1


def test_a_wrong_key_is_reported_before_the_upload(gateway: FakeGateway) -> None:
    client = OpenAI(
        base_url=gateway.base_url, api_key="sk-wrong", http_client=audio_gateway_client.http_client(threshold=THRESHOLD)
    )
    with client, pytest.raises(openai.AuthenticationError):
        heard(client)
    assert not gateway.calls("POST", "/bucket")


@pytest.mark.parametrize("behaviour", ["drop-answer", "drop", "503"])
def test_a_job_is_started_only_once(gateway: FakeGateway, sdk: Any, behaviour: str) -> None:
    gateway.next("/v1/audio/transcriptions", behaviour, behaviour)
    assert heard(sdk()).text == f"{BIG} bytes"
    starts = gateway.calls("POST", "/v1/audio/transcriptions")
    assert len(starts) == 3
    assert len({seen.headers["idempotency-key"] for seen in starts}) == 1
    assert len(gateway.jobs) == len(gateway.uploads) == 1


def test_the_callers_own_idempotency_key_is_used(gateway: FakeGateway, sdk: Any) -> None:
    heard(sdk(), extra_headers={"Idempotency-Key": "mine"})
    keys = [(seen.method, seen.path, seen.headers.get("idempotency-key")) for seen in gateway.seen]
    assert [key for *_, key in keys if key] == ["mine"]
    assert keys[2] == ("POST", "/v1/audio/transcriptions", "mine")


def test_a_failed_job_raises_its_error_and_is_not_restarted(gateway: FakeGateway, sdk: Any) -> None:
    gateway.fail_jobs_with = 502
    with pytest.raises(openai.InternalServerError) as caught:
        heard(sdk())
    assert caught.value.code == "chunk_failed"
    assert gateway.sent == WAY


def test_waiting_survives_broken_connections(gateway: FakeGateway, sdk: Any) -> None:
    gateway.next("/v1/audio/jobs", "drop", "503", "429", "504")
    gateway.job_parts = 2
    with pytest.raises(openai.APIStatusError):  # four in a row exceed the retries
        heard(sdk())
    gateway.next("/v1/audio/jobs", "drop", "503", "429")
    assert heard(sdk()).text == f"{BIG} bytes"


def test_an_unreachable_gateway_leaves_the_job_running(gateway: FakeGateway, sdk: Any) -> None:
    gateway.next("/v1/audio/jobs", *["drop"] * 4)
    with pytest.raises(audio_gateway_client.JobUnreachable) as caught:
        heard(sdk())
    (job,) = gateway.jobs.values()
    assert caught.value.job_id == job.id
    assert f"/audio/jobs/{job.id}/content" in str(caught.value)
    assert job.status == "queued"
    assert len(gateway.calls("POST", "/bucket")) == 1


def test_a_job_that_takes_too_long_is_cancelled(gateway: FakeGateway, sdk: Any) -> None:
    gateway.job_parts = 10_000
    reported = r"job_0+ took longer than 0.2 s: it was cancelled, and costs nothing."
    with pytest.raises(audio_gateway_client.JobTimedOut, match=reported):
        heard(sdk(wait_seconds=0.2))
    (job,) = gateway.jobs.values()
    assert job.status == "cancelled"
    assert len(gateway.uploads) == 1


def test_the_error_names_the_cost_and_the_place_of_a_partial_result(gateway: FakeGateway, sdk: Any) -> None:
    gateway.job_parts, gateway.cancelled_usage = 10_000, {"type": "duration", "seconds": 12}
    reports: list[Any] = []
    with pytest.raises(audio_gateway_client.JobTimedOut) as caught:
        heard(sdk(wait_seconds=0.2, on_job=reports.append))
    (job,) = gateway.jobs.values()
    assert str(caught.value).endswith(
        "it was cancelled, and the work done by then (12 seconds) is charged. "
        f"The partial result is at {gateway.base_url}/audio/jobs/{job.id}/content?partial=true."
    )
    assert (reports[-1]["status"], reports[-1]["usage"]["seconds"]) == ("cancelled", 12)


def test_an_interrupt_cancels_the_job(gateway: FakeGateway, sdk: Any) -> None:
    reported: list[str] = []

    def interrupt(job: Any) -> None:
        reported.append(job["status"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        heard(sdk(on_job=interrupt))
    (job,) = gateway.jobs.values()
    assert (job.status, reported[1:]) == ("cancelled", ["cancelled"])


def test_an_interrupt_during_the_upload_starts_no_job(gateway: FakeGateway, sdk: Any) -> None:
    def interrupt(sent: int, _total: int) -> None:
        if sent:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        heard(sdk(on_upload=interrupt))
    assert not gateway.jobs


def test_a_file_that_shrinks_is_not_uploaded(gateway: FakeGateway, sdk: Any, tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(os.urandom(1_000_000))

    def shrink(_sent: int, _total: int) -> None:
        os.truncate(path, 500_000)

    with path.open("rb") as file, pytest.raises(audio_gateway_client.UploadFailed):
        sdk(on_upload=shrink).audio.transcriptions.create(model="m", file=file)
    assert not gateway.uploads
    assert not gateway.jobs


@pytest.mark.parametrize("wrong", [{"threshold": -1}, {"retries": -1}, {"wait_seconds": 0}])
def test_invalid_settings_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        audio_gateway_client.http_client(**wrong)


def test_the_sdks_timeout_limits_each_wait(gateway: FakeGateway, sdk: Any) -> None:
    heard(sdk(), timeout=9)
    assert {seen.query["wait"] for seen in gateway.calls("GET", "/v1/audio/jobs")} == {"4"}


# ---------------------------------------------------------------- asynchronous
def run_async(gateway: FakeGateway, use: Callable[[AsyncOpenAI], Any], **settings: Any) -> Any:
    async def main() -> Any:
        http = audio_gateway_client.async_http_client(**{"threshold": THRESHOLD, **settings})
        async with AsyncOpenAI(base_url=gateway.base_url, api_key=KEY, http_client=http) as client:
            return await use(client)

    return asyncio.run(main())


def test_asynchronous_clients_behave_the_same(gateway: FakeGateway) -> None:
    reported: list[int] = []

    unseekable: Any = Unseekable(BIG)

    async def use(client: AsyncOpenAI) -> Any:
        answers = await asyncio.gather(
            *(client.audio.transcriptions.create(model="m", file=recording(BIG + each)) for each in range(4)),
            client.audio.transcriptions.create(model="m", file=("x", unseekable)),
            client.audio.transcriptions.create(model="m", file=recording(5)),
        )
        stream = await client.audio.transcriptions.create(model="m", file=recording(BIG), stream=True)
        spoken = await client.audio.speech.create(model="m", voice="v", input="x" * 5000)
        return [answer.text for answer in answers], [event.type async for event in stream], spoken.content

    gateway.next("/bucket", "drop")
    texts, events, spoken = run_async(gateway, use, on_upload=lambda sent, _total: reported.append(sent))
    assert texts == [*(f"{BIG + each} bytes" for each in range(4)), f"{BIG} bytes", "5 bytes"]
    assert len(events) == 2
    assert spoken == b"RIFF5000"
    assert max(reported) == BIG + 3


def test_cancelling_a_task_cancels_its_job(gateway: FakeGateway) -> None:
    gateway.job_parts = 10_000

    async def use(client: AsyncOpenAI) -> None:
        asked = asyncio.create_task(client.audio.transcriptions.create(model="m", file=recording(BIG)))
        while not any(job.looks for job in gateway.jobs.values()):  # noqa: ASYNC110 - another thread's
            await asyncio.sleep(0.01)
        asked.cancel()
        await asked

    with pytest.raises(asyncio.CancelledError):
        run_async(gateway, use)
    (job,) = gateway.jobs.values()
    assert job.status == "cancelled"


# ---------------------------------------------------------------- the form
@given(
    fields=st.dictionaries(st.text("abc[]", min_size=1), st.text(), max_size=4),
    content=st.binary(max_size=300),
    cuts=st.integers(1, 40),
)
def test_the_file_is_extracted_for_any_chunking_of_the_body(fields: dict[str, str], content: bytes, cuts: int) -> None:
    request = httpx2.Request("POST", "http://x", data=fields, files={"file": ("a.mp3", content)})
    body = request.read()
    boundary = boundary_of(request.headers["content-type"])
    head = FormParser(boundary or b"", len(body))
    for at in range(0, len(body), cuts):
        if not head.done:
            head.feed(body[at : at + cuts])
    file = head.found
    assert file is not None
    assert body[file.start : file.start + file.size] == content
    assert len(file.fields()) == len(fields)
    upload = b"".join(UploadStream(FileStream(io.BytesIO(body)), file, {"key": "k"}, None))
    stream = UploadStream(FileStream(io.BytesIO(body)), file, {"key": "k"}, None)
    assert len(upload) == stream.length
    assert b"\r\n\r\n" + content + b"\r\n--" in upload
    assert file.without_file({"a": "b"}).startswith(file.before)


def test_a_part_after_the_file_is_refused() -> None:
    files = [("file", ("a", b"123")), ("other", ("b", b"4"))]
    request = httpx2.Request("POST", "http://x", files=files)
    body = request.read()
    head = FormParser(boundary_of(request.headers["content-type"]) or b"", len(body))
    head.feed(body)
    assert head.found is not None
    with pytest.raises(httpx2.LocalProtocolError, match="last"):
        list(UploadStream(FileStream(io.BytesIO(body)), head.found, {}, None))


@given(st.binary(max_size=600))
def test_any_file_name_becomes_an_accepted_one(raw: bytes) -> None:
    name = plain_name(raw)
    assert 1 <= len(name) <= 255
    assert name.isprintable()
