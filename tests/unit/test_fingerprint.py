"""What is the same request, and what is another one."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.api.http.multipart import parse_form
from audio_gateway.api.speech import read_speech
from audio_gateway.api.transcriptions import read_transcription
from audio_gateway.fingerprint import fingerprint
from audio_gateway.providers.port import Chunking, KnownSpeaker, TranscriptionOptions
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests.fakes.gateway import form_event
from tests.fakes.providers import with_options

SPEECH = {"model": "talker", "input": "Hello.", "voice": "anna"}
FORM = [("model", "whisper"), ("language", "en"), ("prompt", "Before."), ("temperature", "0.5")]


def of_form(fields: list[tuple[str, Any]], *, boundary: bytes = b"------------------------gateway") -> str:
    sent = form_event("/audio/transcriptions", fields)
    body = base64.b64decode(sent["body"]).replace(b"------------------------gateway", boundary)
    return fingerprint(
        "transcriptions", read_transcription(parse_form(f"multipart/form-data; boundary={boundary.decode()}", body))
    )


def test_the_order_of_keys_and_spelt_out_defaults_do_not_make_another_request() -> None:
    reordered = dict(reversed(SPEECH.items())) | {"speed": 1, "response_format": "mp3", "instructions": ""}
    assert fingerprint("speech", *read_speech(SPEECH).what) == fingerprint("speech", *read_speech(reordered).what)


def test_boundaries_and_the_order_of_a_form_do_not_make_another_request() -> None:
    file = ("file", ("a.wav", b"RIFF sound"))
    renamed = ("file", ("b.mp3", b"RIFF sound"))
    assert of_form([*FORM, file]) == of_form([renamed, *FORM[::-1]], boundary=b"another")
    assert of_form([*FORM, file]) != of_form([*FORM, ("file", ("a.wav", b"RIFF sounds"))])


@pytest.mark.parametrize(
    "change",
    [{"model": "other"}, {"input": "Hello. "}, {"voice": "bert"}, {"speed": 1.25}, {"response_format": "wav"},
     {"instructions": "Slowly."}, {"stream_format": "sse"}, {"background": True}],
)  # fmt: skip
def test_every_field_of_speech_makes_another_request(change: dict[str, Any]) -> None:
    assert fingerprint("speech", *read_speech(SPEECH).what) != fingerprint("speech", *read_speech(SPEECH | change).what)


ORDER = TranscriptionRequest("whisper", b"sound")
CHANGES: dict[str, Any] = {
    "model": "other",
    "data": b"sounds",
    "task": "translate",
    "response_format": "text",
    "language": "en",
    "languages": ("en",),
    "keywords": ("gateway",),
    "prompt": "Before.",
    "temperature": 0.5,
    "granularities": frozenset({"word", "segment"}),
    "logprobs": True,
    "stream": True,
    "chunking": Chunking("auto"),
    "known_speakers": (KnownSpeaker("Anna", "data:audio/wav;base64,AAAA"),),
    "upload_id": "upload_1",
    "file_url": "https://example.com/a.wav",
}


FIELDS = {*dataclasses.fields(TranscriptionRequest), *dataclasses.fields(TranscriptionOptions)}


@pytest.mark.parametrize("name", sorted({field.name for field in FIELDS} - {"options"}))
def test_every_field_of_a_transcription_makes_another_request(name: str) -> None:
    assert fingerprint(ORDER) != fingerprint(with_options(ORDER, **{name: CHANGES[name]}))


def test_requests_keep_the_fingerprints_that_are_stored() -> None:
    assert fingerprint(ORDER) == "e145d37c93f36ed8bd608b6c23b38a9b89a307f4a0fa961cee65587a6babb0bd"
    assert fingerprint(with_options(ORDER, **CHANGES)) == (
        "1f0906c1c4cc6cef712eea644b3576f1319a2cd3ee90f6b5eb072cec69223f62"
    )


def test_an_endpoint_is_part_of_the_request() -> None:
    assert fingerprint("transcriptions", ORDER) != fingerprint("translations", ORDER)


orders = st.builds(
    SpeechRequest,
    model=st.sampled_from(["a", "b"]),
    text=st.text(max_size=3),
    voice=st.text(max_size=2),
    format=st.sampled_from(["mp3", "wav"]),
    speed=st.sampled_from([0.25, 1.0, 2.0]),
    instructions=st.none() | st.text(max_size=2),
)


@given(orders, orders)
def test_two_requests_have_one_fingerprint_exactly_if_they_are_equal(one: SpeechRequest, other: SpeechRequest) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_a_new_option_that_is_not_used_leaves_the_fingerprints_of_running_requests_as_they_are() -> None:
    old = dataclasses.make_dataclass("Order", [("model", str)], frozen=True)("whisper")
    new = dataclasses.make_dataclass("Order", [("model", str), ("tone", str, "")], frozen=True)("whisper")
    assert fingerprint(old) == fingerprint(new)


def test_what_has_no_plain_form_is_refused() -> None:
    with pytest.raises(TypeError):
        fingerprint({"a": 1})
