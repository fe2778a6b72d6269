"""An error about audio names the field of the request that brought it."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.deadline import Deadline
from audio_gateway.errors import InvalidAudio, InvalidRequest, WorkTooLong
from audio_gateway.metering.account import Payer
from audio_gateway.use_cases.reservation import RequestContext
from audio_gateway.use_cases.transcription import TranscriptionDependencies, transcribe
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests.fakes.meter import free_billing
from tests.fakes.providers import FakeAdapter, catalog, model
from tests.unit.audio.files import wav

SECOND = wav(bytes(32_000), rate=16_000)


class Files:
    """Whatever is named has this content."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def upload(self, *_: object, **__: object) -> bytes:
        return self._content

    url = upload


@pytest.mark.parametrize("field", ["file", "upload_id", "file_url"])
@pytest.mark.parametrize(("content", "error"), [(b"<!doctype html>", InvalidAudio), (SECOND, WorkTooLong)])
def test_the_field_that_brought_the_audio_is_named(field: str, content: bytes, error: type[InvalidRequest]) -> None:
    files: Any = Files(content)
    deps = TranscriptionDependencies(
        catalog=catalog(model(max_seconds=0.5)), providers=lambda _: FakeAdapter(), billing=free_billing(), files=files
    )
    named: dict[str, Any] = {} if field == "file" else {field: "named"}
    request = TranscriptionRequest("talker", content if field == "file" else b"", **named)
    with pytest.raises(error) as caught:
        transcribe(request, RequestContext("req_1", Payer("key_1", "default"), Deadline.after(20)), deps)
    assert caught.value.param == field
