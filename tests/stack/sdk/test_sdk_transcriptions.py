"""POST /v1/audio/transcriptions on the shipped catalogue, as the official Python SDK calls it."""

from __future__ import annotations

import asyncio
import io
import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
)

from tests.sound import (
    CLIPS,
    ENCODINGS,
    PHRASE,
    clip,
    encode,
    look,
    phrase,
    said,
    timed_words,
    tone_wav,
    wav,
    word_errors,
)
from tests.stack.sdk.wire import Wire

pytestmark = pytest.mark.stack

MODEL = "pocketsphinx"
WORST = 0.45  # the engine's own word error rate on the clips is 0.29 to 0.38
SPEECH = phrase()
ONE_WORD = 0.25  # of the phrase


def verbose(client: OpenAI, data: bytes, **options: Any) -> TranscriptionVerbose:
    answer = client.audio.transcriptions.create(
        model=MODEL, file=("speech", data), response_format="verbose_json", **options
    )
    assert type(answer) is TranscriptionVerbose
    return answer


@pytest.mark.parametrize("name", CLIPS)
def test_human_speech_is_written_down(client: OpenAI, name: str) -> None:
    answer = client.audio.transcriptions.create(model=MODEL, file=("speech.wav", clip(name)))
    assert type(answer) is Transcription
    assert word_errors(said(name), answer.text) <= WORST
    assert answer.usage is not None
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == math.ceil(look(clip(name)).seconds)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_container_rate_and_layout_is_understood(client: OpenAI, encoding: str) -> None:
    answer = verbose(client, encode(SPEECH, ENCODINGS[encoding]))
    assert answer.duration == pytest.approx(look(SPEECH).seconds, abs=0.12)
    assert answer.text
    if ENCODINGS[encoding].rate > 8_000:  # half of the band is too little for the engine
        assert word_errors(PHRASE, answer.text) <= ONE_WORD


def test_a_file_is_what_its_content_says(client: OpenAI) -> None:
    mp3 = encode(SPEECH, ENCODINGS["mp3 22.05 kHz"])
    misnamed = client.audio.transcriptions.create(model=MODEL, file=("speech.wav", mp3, "audio/wav"))
    named = client.audio.transcriptions.create(model=MODEL, file=("speech.mp3", mp3, "audio/mpeg"))
    assert misnamed.text == named.text != ""


@pytest.mark.parametrize("form", ["opened", "path", "bytes", "buffer", "pair", "triple"])
def test_a_file_may_come_in_every_form_of_the_sdk(client: OpenAI, form: str, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    path.write_bytes(SPEECH)
    with path.open("rb") as opened:
        files: dict[str, Any] = {
            "opened": opened,
            "path": path,
            "bytes": SPEECH,
            "buffer": io.BytesIO(SPEECH),
            "pair": ("x.wav", SPEECH),
            "triple": ('a b é "q" ..%2F.wav', SPEECH, "audio/wav"),
        }
        answer = client.audio.transcriptions.create(model=MODEL, file=files[form])
    assert word_errors(PHRASE, answer.text) <= ONE_WORD


def test_text_is_the_transcript_and_a_line_end(client: OpenAI) -> None:
    answer = client.audio.transcriptions.with_raw_response.create(
        model=MODEL, file=("a.wav", SPEECH), response_format="text"
    )
    assert answer.headers["content-type"].replace(" ", "") == "text/plain;charset=utf-8"
    text = answer.parse()
    assert isinstance(text, str)
    assert text.endswith("\n")
    assert word_errors(PHRASE, text) <= ONE_WORD
    assert text.strip() == client.audio.transcriptions.create(model=MODEL, file=("a.wav", SPEECH)).text


SUBTITLED = (("austen-0870", "srt"), ("austen-0890", "vtt"))
CUE = r"(\d\d):([0-5]\d):([0-5]\d)[,.](\d{3}) --> (\d\d):([0-5]\d):([0-5]\d)[,.](\d{3})"


def cues(subtitles: str) -> list[tuple[float, float, str]]:
    """Start, end and text of each cue."""
    found = []
    for match in re.finditer(rf"{CUE}\n(.+)\n", subtitles):
        h1, m1, s1, f1, h2, m2, s2, f2 = (int(group) for group in match.groups()[:8])
        start, end = h1 * 3600 + m1 * 60 + s1 + f1 / 1000, h2 * 3600 + m2 * 60 + s2 + f2 / 1000
        found.append((start, end, match[9]))
    return found


@pytest.fixture(scope="module")
def subtitled(client: OpenAI) -> Callable[[str, Any], str]:
    """The subtitles of a clip, which are asked for once."""

    @cache
    def ask(name: str, response_format: Any) -> str:
        answer = client.audio.transcriptions.with_raw_response.create(
            model=MODEL, file=("a.wav", clip(name)), response_format=response_format
        )
        assert answer.headers["content-type"].replace(" ", "") == "text/plain;charset=utf-8"
        subtitles = answer.parse()
        assert isinstance(subtitles, str)
        return subtitles

    return ask


@pytest.mark.parametrize(("name", "response_format"), SUBTITLED)
def test_subtitles_are_in_order_and_in_time(
    subtitled: Callable[[str, Any], str], name: str, response_format: str
) -> None:
    subtitles = subtitled(name, response_format)
    found = cues(subtitles)
    times = [moment for start, end, _ in found for moment in (start, end)]
    assert found
    assert times == sorted(times)
    assert all(start < end for start, end, _ in found)
    assert times[-1] <= look(clip(name)).seconds
    assert all(text == text.strip() for _, _, text in found)
    assert word_errors(said(name), " ".join(text for _, _, text in found)) <= WORST


def test_srt_is_numbered_with_commas_and_ends_with_an_empty_line(subtitled: Callable[[str, Any], str]) -> None:
    subtitles = subtitled("austen-0870", "srt")
    blocks = subtitles.removesuffix("\n\n\n").split("\n\n")
    assert subtitles.endswith("\n\n\n")
    assert [block.split("\n")[0] for block in blocks] == [str(i) for i in range(1, len(blocks) + 1)]
    assert all(re.match(r"\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}$", block.split("\n")[1]) for block in blocks)


def test_vtt_begins_with_its_signature_and_has_points(subtitled: Callable[[str, Any], str]) -> None:
    subtitles = subtitled("austen-0890", "vtt")
    head, first, *_ = subtitles.split("\n\n")
    assert head == "WEBVTT"
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\n\S", first)


def test_verbose_json_has_segments_by_default(client: OpenAI) -> None:
    answer = verbose(client, clip("austen-0870"))
    seconds = look(clip("austen-0870")).seconds
    assert answer.duration == pytest.approx(seconds, abs=0.002)
    assert answer.language == "english"
    assert answer.words is None
    assert answer.segments
    assert [segment.id for segment in answer.segments] == list(range(len(answer.segments)))
    assert all(0 <= s.start < s.end <= seconds for s in answer.segments)
    assert "".join(segment.text for segment in answer.segments).split() == answer.text.split()
    assert answer.usage is not None
    assert answer.usage.seconds == math.ceil(seconds)


@pytest.mark.parametrize(
    ("granularities", "has_words", "has_segments"),
    [(["word"], True, False), (["segment"], False, True), (["word", "segment"], True, True)],
)
def test_granularities_choose_what_is_listed(
    client: OpenAI, granularities: Any, has_words: bool, has_segments: bool
) -> None:
    answer = verbose(client, SPEECH, timestamp_granularities=granularities)
    assert (answer.words is not None) is has_words
    assert (answer.segments is not None) is has_segments


@pytest.mark.parametrize("name", ["austen-0880", "austen-0890"])
def test_words_come_when_they_were_spoken(client: OpenAI, name: str) -> None:
    answer = verbose(client, clip(name), timestamp_granularities=["word"])
    assert answer.words
    assert [w.word for w in answer.words] == answer.text.split()
    starts = [w.start for w in answer.words]
    assert starts == sorted(starts)
    assert all(0 <= w.start < w.end <= look(clip(name)).seconds for w in answer.words)
    spoken = timed_words(name)
    right = [w for w in answer.words if any(w.word == word and abs(w.start - at) < 0.25 for at, _, word in spoken)]
    assert len(right) >= (1 - WORST) * len(spoken) * 0.9


def test_raw_and_streaming_responses_are_the_same_answer(client: OpenAI) -> None:
    raw = client.audio.transcriptions.with_raw_response.create(model=MODEL, file=("a.wav", SPEECH))
    assert raw.headers["content-type"].startswith("application/json")
    assert raw.headers["x-audio-gateway-model"] == MODEL
    assert re.fullmatch(r"req_[0-9a-f]{32}", raw.headers["x-request-id"])
    with client.audio.transcriptions.with_streaming_response.create(model=MODEL, file=("a.wav", SPEECH)) as answer:
        assert answer.parse() == raw.parse()


def test_the_asynchronous_client_transcribes_and_streams(aclient: Any) -> None:
    async def run() -> tuple[str, list[Any]]:
        client: AsyncOpenAI
        async with aclient() as client:
            whole = await client.audio.transcriptions.create(model=MODEL, file=("a.wav", SPEECH))
            stream = await client.audio.transcriptions.create(model=MODEL, file=("a.wav", SPEECH), stream=True)
            return whole.text, [event async for event in stream]

    text, events = asyncio.run(run())
    assert word_errors(PHRASE, text) <= ONE_WORD
    assert events[-1].text == text


def test_a_stream_has_deltas_and_then_the_whole(client: OpenAI) -> None:
    recording = ("a.wav", clip("austen-0890"))
    *deltas, done = client.audio.transcriptions.create(model=MODEL, file=recording, stream=True)
    assert deltas
    assert all(isinstance(event, TranscriptionTextDeltaEvent) for event in deltas)
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert "".join(event.delta for event in deltas if isinstance(event, TranscriptionTextDeltaEvent)) == done.text
    assert word_errors(said("austen-0890"), done.text) <= WORST


def test_a_stream_is_framed_as_events(client: OpenAI) -> None:
    answer = client.audio.transcriptions.with_raw_response.create(model=MODEL, file=("a.wav", SPEECH), stream=True)
    body = answer.http_response.read().decode()
    assert answer.headers["content-type"].replace(" ", "") == "text/event-stream;charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert re.search(r"(\r\n\r\n|\n\n)data: \[DONE\](\r\n\r\n|\n\n)$", body)


def test_stream_false_is_an_ordinary_answer(client: OpenAI) -> None:
    answer = client.audio.transcriptions.create(model=MODEL, file=("a.wav", SPEECH), stream=False)
    assert word_errors(PHRASE, answer.text) <= ONE_WORD


def test_a_temperature_that_the_model_ignores_is_announced(client: OpenAI) -> None:
    make = client.audio.transcriptions.with_raw_response.create
    warm = make(model=MODEL, file=("a.wav", SPEECH), temperature=0.5)
    cold = make(model=MODEL, file=("a.wav", SPEECH), temperature=0)
    assert warm.headers["x-audio-gateway-ignored"] == "temperature"
    assert "x-audio-gateway-ignored" not in cold.headers


def test_unknown_fields_are_let_through_and_announced(client: OpenAI) -> None:
    answer = client.audio.transcriptions.with_raw_response.create(
        model=MODEL, file=("a.wav", SPEECH), extra_body={"vad_filter": "true"}
    )
    assert answer.headers["x-audio-gateway-ignored"] == "vad_filter"
    assert answer.parse().text


def test_english_is_what_the_model_hears(client: OpenAI) -> None:
    answer = client.audio.transcriptions.create(model=MODEL, file=("a.wav", SPEECH), language="en")
    assert word_errors(PHRASE, answer.text) <= ONE_WORD


@pytest.mark.parametrize(
    ("options", "param", "code"),
    [
        ({"language": "de"}, "language", "unsupported_value"),
        ({"language": "english"}, "language", "invalid_language_format"),
        ({"language": "e"}, "language", "invalid_language_format"),
        ({"prompt": "Jane Austen"}, "prompt", "unsupported_value"),
        ({"include": ["logprobs"]}, "include", "unsupported_value"),
        ({"response_format": "diarized_json"}, "response_format", "unsupported_value"),
        ({"known_speaker_names": ["Jane"], "known_speaker_references": ["data:audio/wav;base64,AAAA"]}, None, None),
        ({"keywords": ["Dashwood"]}, "keywords", "unsupported_value"),
        ({"languages": ["en"]}, "languages", "unsupported_value"),
        ({"temperature": 1.5}, "temperature", None),
        ({"temperature": -0.1}, "temperature", None),
        ({"response_format": "xml"}, "response_format", None),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities", None),
        ({"timestamp_granularities": ["letter"], "response_format": "verbose_json"}, "timestamp_granularities", None),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
def test_what_the_model_cannot_do_is_refused_by_name(
    client: OpenAI, options: dict[str, Any], param: str | None, code: str | None
) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.audio.transcriptions.create(model=MODEL, file=("a.wav", SPEECH), **options)
    named = caught.value.param or ""
    assert named.startswith(param or "known_speaker_")
    assert code is None or caught.value.code == code


def test_silence_is_an_answer(client: OpenAI) -> None:
    answer = client.audio.transcriptions.create(model=MODEL, file=("a.wav", wav(bytes(2 * 2 * 16_000))))
    assert answer.text == ""


def test_a_tone_is_no_failure(client: OpenAI) -> None:
    assert verbose(client, tone_wav(2.0)).duration == pytest.approx(2.0, abs=0.002)


def test_the_shortest_audio_is_a_tenth_of_a_second(client: OpenAI) -> None:
    assert verbose(client, tone_wav(0.1)).duration == pytest.approx(0.1, abs=0.002)
    with pytest.raises(BadRequestError) as caught:
        verbose(client, tone_wav(0.05))
    assert (caught.value.param, caught.value.code) == ("file", "audio_too_short")


def test_audio_that_would_take_too_long_becomes_a_job(wire: Wire) -> None:
    long = encode(wav(bytes(2 * 8_000 * 600), 8_000), ENCODINGS["mp3 8 kHz"])
    answer = wire.transcription(("model", MODEL), ("file", ("a.mp3", long)))
    job_id = answer.headers["x-audio-gateway-job"]
    assert (answer.status, answer.headers["location"]) == (303, f"/v1/audio/jobs/{job_id}/content?wait=25&hop=1")
    assert wire.call("DELETE", f"/audio/jobs/{job_id}").status == 200


def test_translations_from_english_are_english(client: OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    path.write_bytes(SPEECH)
    with pytest.warns(DeprecationWarning, match="deprecated"):
        answer = client.audio.translations.create(model=MODEL, file=path)
    assert word_errors(PHRASE, answer.text) <= ONE_WORD


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json"])
def test_translations_know_every_format(client: OpenAI, response_format: Any) -> None:
    answer: Any = client.audio.translations.create(model=MODEL, file=("a.wav", SPEECH), response_format=response_format)
    text = answer if isinstance(answer, str) else answer.text
    assert isinstance(answer, str) is (response_format in ("text", "srt", "vtt"))
    assert "might" in text
    if response_format == "verbose_json":
        assert answer.language == "english"
        assert answer.duration == pytest.approx(look(SPEECH).seconds, abs=0.002)
        assert answer.segments
        assert answer.model_extra["task"] == "translate"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"response_format": "diarized_json"}, "response_format"),
        ({"temperature": 2}, "temperature"),
        ({"prompt": "Austen"}, "prompt"),
    ],
)
def test_translations_refuse_by_name(client: OpenAI, options: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.audio.translations.create(model=MODEL, file=("a.wav", SPEECH), **options)
    assert caught.value.param == param


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_asynchronous_client_translates(aclient: Any) -> None:
    async def run() -> str:
        client: AsyncOpenAI
        async with aclient() as client:
            answer = await client.audio.translations.create(model=MODEL, file=("a.wav", SPEECH))
            return answer.text

    assert word_errors(PHRASE, asyncio.run(run())) <= ONE_WORD
