"""Jobs on the real local stack: the state machine, its functions under their roles, and a provider that hears tones."""

from __future__ import annotations

import json
from typing import Any

from audio_gateway.audio.decode import decode_pcm
from audio_gateway.transcripts.codec import from_bytes
from audio_gateway.use_cases.jobs.merge import RESULT
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests import tones
from tests.sound import wav
from tests.stack.jobs.conftest import JobHarness

WORDS = tones.talk(400, gaps_ms=tones.natural_gaps())
END_MS = WORDS[-1].end_ms + 100
AUDIO = wav(b"".join(tones.sound(WORDS, end_ms=END_MS)), tones.RATE, 1)
SECONDS_PRICE = 1000  # micro-dollars for a second: for whole milliseconds, too


def order(model: str = "tones") -> JobRequest[TranscriptionRequest]:
    return JobRequest(TranscriptionRequest(model=model, data=b""))


def test_every_word_once_in_order_and_at_its_time(harness: JobHarness) -> None:
    job = harness.end(harness.start(order(), AUDIO))
    assert (job.status, job.error) == ("succeeded", None)
    assert job.completed == job.total == len(harness.upstream.calls) >= 5
    data = harness.job_service.files.get(job.ref, RESULT)
    assert data is not None
    transcript = from_bytes(data)
    assert transcript.words is not None
    assert [word.text for word in transcript.words] == [word.text for word in WORDS]
    assert max(abs(h.start_ms - s.start_ms) for h, s in zip(transcript.words, WORDS, strict=True)) <= 50
    assert transcript.duration_ms == END_MS
    (row,) = harness.rows(job)
    assert (row.amount, row.price_microusd, row.at_ms, row.outcome) == (
        END_MS, END_MS * SECONDS_PRICE // 1000, job.completed_ms, "answered",
    )  # fmt: skip
    assert harness.nothing_is_held()
    assert harness.spent() == row.price_microusd
    assert harness.pending_settlements() == []
    # The state of the execution is ids, names and numbers, and nothing else.
    execution = harness.machines.describe_execution(executionArn=harness.execution(job))
    assert execution["status"] == "SUCCEEDED"
    lanes = [list(range(lane, job.total, 4)) for lane in range(4)]
    asked = {"project_id": job.project_id, "job_id": job.id}
    output = json.loads(execution["output"])
    assert "JobTranscriptionChunkFunction" in output.pop("chunk_function")
    assert output == asked | {"prepared": {"kind": "transcription", "lanes": lanes}}


def test_a_chunk_that_fails_twice_is_tried_again_alone(harness: JobHarness) -> None:
    harness.upstream.script("", "status=500", "status=503")
    job = harness.end(harness.start(order("one-at-a-time"), AUDIO))
    assert job.status == "succeeded"
    assert len(harness.upstream.calls) == job.total + 2
    assert len(harness.rows(job)) == 1
    assert harness.spent() == END_MS


def test_a_file_that_is_no_audio_fails_and_costs_nothing(harness: JobHarness) -> None:
    job = harness.end(harness.start(order(), b"<!doctype html>" + bytes(2000)))
    assert (job.status, job.partial, job.total) == ("failed", False, 0)
    assert job.error is not None
    assert (job.error.status, job.error.param) == (400, "file")
    assert harness.rows(job) == []
    assert harness.spent() == 0
    assert harness.upstream.calls == []


def test_long_speech_is_spoken_in_parts_and_joined(harness: JobHarness) -> None:
    text = "This is one sentence of the book. " * 130
    assert len(text) > 4096
    body = {"model": "tts", "voice": "alloy", "input": text, "response_format": "flac", "background": True}
    started = harness.client.post("/audio/speech", body=body, cast_to=dict[str, Any])
    assert started["endpoint"] == "speech"
    job = harness.by_id(started["id"])
    assert job.hold is not None
    job = harness.end(job)
    assert (job.status, job.amount) == ("succeeded", len(text))
    assert harness.as_caller_sees(job)["usage"] == {"type": "characters", "characters": len(text)}
    parts = [call.json["input"] for call in harness.upstream.calls]
    assert len(parts) == job.total
    assert all(len(part) <= 700 for part in parts)
    assert sum(map(len, parts)) == len(text)
    speech = harness.job_service.files.get(job.ref, RESULT)
    assert speech is not None
    samples = sum(map(len, decode_pcm(speech, 24_000))) // 2
    assert abs(samples / 24_000 - 0.06 * len(text)) < 0.1
    (row,) = harness.rows(job)
    assert (row.amount, row.price_microusd, row.unit) == (len(text), len(text), "characters")
    assert harness.spent() == len(text)
