"""The bytes of a job's `order.json`: jobs that an earlier version started are read by this one."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.jobs.job import Job
from audio_gateway.providers.port import Chunking, KnownSpeaker, TranscriptionOptions
from audio_gateway.storage.objects import SourceFile
from audio_gateway.use_cases.jobs.request import JobRequest, keep_request, request_of
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests.fakes.jobs import MemoryFiles

JOB = Job("job_1", "default", "key_1", "transcriptions", "listener", "queued", 0, 0)
SPOKEN = JobRequest(
    SpeechRequest("speaker", "Gr\u00fc\u00dfe.", "alloy", "mp3", 1.5, "Slowly."),
    ignored=("instructions",),
    as_events=True,
)
SPOKEN_JSON = (
    rb'{"kind":"speech","what":{"model":"speaker","text":"Gr\u00fc\u00dfe.","voice":"alloy","format":"mp3",'
    rb'"speed":1.5,"instructions":"Slowly."},"source":null,"url":null,"ignored":["instructions"],"as_events":true}'
)
HEARD = JobRequest(
    TranscriptionRequest(
        "listener",
        b"",
        response_format="verbose_json",
        granularities=frozenset({"word", "segment"}),
        stream=True,
        upload_id="upload_1",
        file_url="https://files.example/a.wav",
        options=TranscriptionOptions(
            language="en",
            languages=("en", "de"),
            keywords=("Ada",),
            prompt="Names \ud800: Ada.",
            temperature=0.2,
            logprobs=True,
            chunking=Chunking("server_vad", threshold=0.5),
            known_speakers=(KnownSpeaker("Ada", "data:audio/wav;base64,AA=="),),
        ),
    ),
    SourceFile("uploads/u", '"etag"', 12),
    "https://files.example/a.wav",
    ("speed",),
)
HEARD_JSON = (
    rb'{"kind":"transcription","what":{"model":"listener","task":"transcribe","response_format":"verbose_json",'
    rb'"language":"en","languages":["en","de"],"keywords":["Ada"],"prompt":"Names \ud800: Ada.","temperature":0.2,'
    rb'"granularities":["segment","word"],"logprobs":true,"stream":true,"chunking":{"type":"server_vad",'
    rb'"prefix_padding_ms":null,"silence_duration_ms":null,"threshold":0.5},"known_speakers":[{"name":"Ada",'
    rb'"reference":"data:audio/wav;base64,AA=="}],"upload_id":"upload_1","file_url":"https://files.example/a.wav"},'
    rb'"source":{"key":"uploads/u","etag":"\"etag\"","size":12},"url":"https://files.example/a.wav",'
    rb'"ignored":["speed"],"as_events":false}'
)


@pytest.mark.parametrize(("request_", "stored"), [(SPOKEN, SPOKEN_JSON), (HEARD, HEARD_JSON)], ids=["speech", "audio"])
def test_a_request_is_stored_as_these_bytes_and_read_from_them(request_: JobRequest[Any], stored: bytes) -> None:
    files = MemoryFiles()
    keep_request(files, JOB.ref, request_)
    assert files.kept == {"jobs/default/job_1/order.json": stored}
    assert request_of(files, JOB.ref) == request_
