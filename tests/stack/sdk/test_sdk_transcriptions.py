"""POST /v1/audio/transcriptions and /translations as the official Python SDK calls them.

By the engine of the shipped catalogue where it matters what is heard. Otherwise by the fake upstream, which hears at
once what arrives: seconds, container and fields.
"""

from __future__ import annotations

import asyncio
import io
import math
import re
from collections.abc import Iterator
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

MODEL = "moonshine-tiny"
TRANSLATOR = "whisper-base"
FAKE = "fake-stt"
CLIP = "austen-0880"  # of three seconds
WORST = 0.25  # the engine's own word error rate on the clips is 0.03
SPEECH = phrase()
SPEAKER = {"known_speaker_names": ["Jane"], "known_speaker_references": ["data:audio/wav;base64,AAAA"]}
ONE_WORD = 0.25  # of the phrase


def verbose(client: OpenAI, data: bytes, model: str = FAKE, **options: Any) -> TranscriptionVerbose:
    answer = client.audio.transcriptions.create(
        model=model, file=("speech", data), response_format="verbose_json", **options
    )
    assert type(answer) is TranscriptionVerbose
    return answer


# ---------------------------------------------------------------- by the engine


def test_human_speech_is_transcribed_with_words_and_segments_at_their_times(client: OpenAI) -> None:
    answer = verbose(client, clip(CLIP), MODEL, language="en", timestamp_granularities=["word", "segment"])
    seconds = look(clip(CLIP)).seconds
    assert word_errors(said(CLIP), answer.text) <= WORST
    assert answer.duration == pytest.approx(seconds, abs=0.002)
    assert answer.language == "english"
    assert answer.usage is not None
    assert (answer.usage.type, answer.usage.seconds) == ("duration", math.ceil(seconds))
    assert answer.words
    assert [w.word for w in answer.words] == [written.strip(".,") for written in answer.text.split()]
    starts = [w.start for w in answer.words]
    assert starts == sorted(starts)
    assert all(0 <= w.start < w.end <= seconds for w in answer.words)
    spoken = timed_words(CLIP)
    right = [
        w for w in answer.words if any(w.word.lower() == word and abs(w.start - at) < 0.25 for at, _, word in spoken)
    ]
    assert len(right) >= (1 - WORST) * len(answer.words)
    assert answer.segments
    assert [segment.id for segment in answer.segments] == list(range(len(answer.segments)))
    assert all(0 <= s.start < s.end <= seconds for s in answer.segments)
    assert "".join(segment.text for segment in answer.segments).split() == answer.text.split()


def test_compressed_speech_is_understood_whatever_its_name_says(client: OpenAI) -> None:
    mp3 = encode(SPEECH, ENCODINGS["mp3 22.05 kHz"])
    answer = client.audio.transcriptions.create(model=MODEL, file=("speech.wav", mp3, "audio/wav"))
    assert type(answer) is Transcription
    assert word_errors(PHRASE, answer.text) <= ONE_WORD


CUE = r"(\d\d):([0-5]\d):([0-5]\d)[,.](\d{3}) --> (\d\d):([0-5]\d):([0-5]\d)[,.](\d{3})"


def cues(subtitles: str) -> Iterator[tuple[float, float, str]]:
    """Start, end and text of each cue."""
    for match in re.finditer(rf"{CUE}\n(.+)\n", subtitles):
        h1, m1, s1, f1, h2, m2, s2, f2 = (int(group) for group in match.groups()[:8])
        yield h1 * 3600 + m1 * 60 + s1 + f1 / 1000, h2 * 3600 + m2 * 60 + s2 + f2 / 1000, match[9]


def check_cues(subtitles: str, seconds: float) -> str:
    """The cues are in order and in time; returns their text."""
    found = list(cues(subtitles))
    times = [moment for start, end, _ in found for moment in (start, end)]
    assert found
    assert times == sorted(times)
    assert all(start < end for start, end, _ in found)
    assert times[-1] <= seconds + 0.001
    assert all(text == text.strip() for _, _, text in found)
    return " ".join(text for _, _, text in found)


def test_subtitles_of_speech_are_in_order_and_in_time(client: OpenAI) -> None:
    subtitles = client.audio.transcriptions.create(model=MODEL, file=("a.wav", clip(CLIP)), response_format="srt")
    assert word_errors(said(CLIP), check_cues(subtitles, look(clip(CLIP)).seconds)) <= WORST


def test_a_stream_of_speech_has_deltas_and_then_the_whole(client: OpenAI) -> None:
    *deltas, done = client.audio.transcriptions.create(model=MODEL, file=("a.wav", SPEECH), stream=True)
    assert deltas
    assert all(isinstance(event, TranscriptionTextDeltaEvent) for event in deltas)
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert "".join(event.delta for event in deltas if isinstance(event, TranscriptionTextDeltaEvent)) == done.text
    assert word_errors(PHRASE, done.text) <= ONE_WORD


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_translations_from_english_are_english(client: OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    path.write_bytes(clip(CLIP))
    answer: Any = client.audio.translations.create(model=TRANSLATOR, file=path, response_format="verbose_json")
    assert word_errors(said(CLIP), answer.text) <= WORST
    assert answer.language == "english"
    assert answer.duration == pytest.approx(look(clip(CLIP)).seconds, abs=0.002)
    assert answer.segments
    assert answer.model_extra["task"] == "translate"


def test_options_that_the_model_ignores_are_announced(client: OpenAI) -> None:
    answer = client.audio.transcriptions.with_raw_response.create(
        model=MODEL, file=("a.wav", SPEECH), temperature=0, extra_body={"vad_filter": "true"}
    )
    assert answer.headers["x-audio-gateway-ignored"] == "vad_filter"
    assert answer.parse().text


@pytest.mark.parametrize(
    ("options", "param", "code"),
    [
        ({"language": "de"}, "language", "unsupported_value"),
        ({"language": "english"}, "language", "invalid_language_format"),
        ({"language": "e"}, "language", "invalid_language_format"),
        ({"prompt": "Jane Austen"}, "prompt", "unsupported_value"),
        ({"model": TRANSLATOR, "response_format": "diarized_json"}, "response_format", "unsupported_value"),
        ({"model": TRANSLATOR, **SPEAKER}, None, None),
        ({"keywords": ["Dashwood"]}, "keywords", "unsupported_value"),
        ({"languages": ["en"]}, "languages", "unsupported_value"),
        ({"temperature": 0.5}, "temperature", "unsupported_value"),
        ({"temperature": 1.5}, "temperature", None),
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
        client.audio.transcriptions.create(**({"model": MODEL, "file": ("a.wav", SPEECH)} | options))
    named = caught.value.param or ""
    assert named.startswith(param or "known_speaker_")
    assert code is None or caught.value.code == code


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"response_format": "diarized_json"}, "response_format"),
        ({"temperature": 2}, "temperature"),
    ],
)
def test_translations_refuse_by_name(client: OpenAI, options: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.audio.translations.create(model=TRANSLATOR, file=("a.wav", SPEECH), **options)
    assert caught.value.param == param


def test_silence_is_an_answer_and_a_tone_is_no_failure(client: OpenAI) -> None:
    silence = client.audio.transcriptions.create(model=MODEL, file=("a.wav", wav(bytes(2 * 2 * 16_000))))
    assert silence.text == ""
    assert verbose(client, tone_wav(2.0), MODEL).duration == pytest.approx(2.0, abs=0.002)


def test_the_shortest_audio_is_a_tenth_of_a_second(client: OpenAI) -> None:
    assert verbose(client, tone_wav(0.1), MODEL).duration == pytest.approx(0.1, abs=0.002)
    with pytest.raises(BadRequestError) as caught:
        verbose(client, tone_wav(0.05), MODEL)
    assert (caught.value.param, caught.value.code) == ("file", "audio_too_short")


def test_audio_that_would_take_too_long_becomes_a_job(wire: Wire) -> None:
    long = encode(wav(bytes(2 * 8_000 * 600), 8_000), ENCODINGS["flac 16 kHz"])
    answer = wire.transcription(("model", "whisper-base"), ("file", ("a.flac", long)))
    job_id = answer.headers["x-audio-gateway-job"]
    assert (answer.status, answer.headers["location"]) == (303, f"/v1/audio/jobs/{job_id}/content?wait=25&hop=1")
    assert wire.call("DELETE", f"/audio/jobs/{job_id}").status == 200


# ---------------------------------------------------------------- by the fake upstream


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_container_rate_and_layout_is_measured(wired_client: OpenAI, encoding: str) -> None:
    answer = verbose(wired_client, encode(SPEECH, ENCODINGS[encoding]))
    assert answer.duration == pytest.approx(look(SPEECH).seconds, abs=0.12)
    assert answer.text


@pytest.mark.parametrize("form", ["opened", "path", "bytes", "buffer", "pair", "triple"])
def test_a_file_may_come_in_every_form_of_the_sdk(wired_client: OpenAI, form: str, tmp_path: Path) -> None:
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
        answer = wired_client.audio.transcriptions.create(model=FAKE, file=files[form])
    assert answer.text.startswith("I heard 1.1 seconds of wav")


def test_text_is_the_transcript_and_a_line_end(wired_client: OpenAI) -> None:
    answer = wired_client.audio.transcriptions.with_raw_response.create(
        model=FAKE, file=("a.wav", SPEECH), response_format="text"
    )
    assert answer.headers["content-type"].replace(" ", "") == "text/plain;charset=utf-8"
    text = answer.parse()
    assert isinstance(text, str)
    assert text == wired_client.audio.transcriptions.create(model=FAKE, file=("a.wav", SPEECH)).text + "\n"


@pytest.mark.parametrize("response_format", ["srt", "vtt"])
def test_subtitles_are_written_as_players_read_them(wired_client: OpenAI, response_format: Any) -> None:
    answer = wired_client.audio.transcriptions.with_raw_response.create(
        model=FAKE, file=("a.wav", SPEECH), response_format=response_format
    )
    assert answer.headers["content-type"].replace(" ", "") == "text/plain;charset=utf-8"
    subtitles = answer.parse()
    assert isinstance(subtitles, str)
    check_cues(subtitles, look(SPEECH).seconds)
    if response_format == "vtt":
        head, first, *_ = subtitles.split("\n\n")
        assert head == "WEBVTT"
        assert re.match(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\n\S", first)
        return
    blocks = subtitles.removesuffix("\n\n\n").split("\n\n")
    assert subtitles.endswith("\n\n\n")
    assert [block.split("\n")[0] for block in blocks] == [str(i) for i in range(1, len(blocks) + 1)]
    assert len(blocks) > 1
    assert all(re.match(r"\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}$", block.split("\n")[1]) for block in blocks)


@pytest.mark.parametrize(
    ("granularities", "has_words", "has_segments"),
    [
        (None, False, True),
        (["word"], True, False),
        (["segment"], False, True),
        (["word", "segment"], True, True),
    ],
)
def test_granularities_choose_what_is_listed(
    wired_client: OpenAI, granularities: Any, has_words: bool, has_segments: bool
) -> None:
    options = {} if granularities is None else {"timestamp_granularities": granularities}
    answer = verbose(wired_client, SPEECH, "whisper-1", **options)
    assert (answer.words is not None) is has_words
    assert (answer.segments is not None) is has_segments


def test_raw_and_streaming_responses_are_the_same_answer(wired_client: OpenAI) -> None:
    transcriptions = wired_client.audio.transcriptions
    raw = transcriptions.with_raw_response.create(model=FAKE, file=("a.wav", SPEECH))
    assert raw.headers["content-type"].startswith("application/json")
    assert raw.headers["x-audio-gateway-model"] == FAKE
    assert "x-audio-gateway-ignored" not in raw.headers
    assert re.fullmatch(r"req_[0-9a-f]{32}", raw.headers["x-request-id"])
    with transcriptions.with_streaming_response.create(model=FAKE, file=("a.wav", SPEECH), stream=False) as answer:
        assert answer.parse() == raw.parse()


def test_a_stream_is_framed_as_events(wired_client: OpenAI) -> None:
    answer = wired_client.audio.transcriptions.with_raw_response.create(model=FAKE, file=("a.wav", SPEECH), stream=True)
    body = answer.http_response.read().decode()
    assert answer.headers["content-type"].replace(" ", "") == "text/event-stream;charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert re.search(r"(\r\n\r\n|\n\n)data: \[DONE\](\r\n\r\n|\n\n)$", body)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_asynchronous_client_transcribes_streams_and_translates(wired_aclient: Any) -> None:
    async def run() -> tuple[str, list[Any], str]:
        client: AsyncOpenAI
        async with wired_aclient() as client:
            whole = await client.audio.transcriptions.create(model=FAKE, file=("a.wav", SPEECH))
            stream = await client.audio.transcriptions.create(model=FAKE, file=("a.wav", SPEECH), stream=True)
            translated = await client.audio.translations.create(model=FAKE, file=("a.wav", SPEECH))
            return whole.text, [event async for event in stream], translated.text

    text, events, translated = asyncio.run(run())
    assert text
    assert events[-1].text == text == translated


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json"])
def test_translations_know_every_format(wired_client: OpenAI, response_format: Any) -> None:
    answer: Any = wired_client.audio.translations.create(
        model=FAKE, file=("a.wav", SPEECH), response_format=response_format
    )
    assert isinstance(answer, str) is (response_format in ("text", "srt", "vtt"))
    assert "heard" in (answer if isinstance(answer, str) else answer.text)
