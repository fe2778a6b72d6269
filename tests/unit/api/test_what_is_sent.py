"""What is heard, measured, paid and sent to a provider is the same track, through the real handlers."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import av
import pytest

from audio_gateway.audio.measure import measure
from audio_gateway.catalog.models import Model, Price
from audio_gateway.errors import ProviderUnavailable
from audio_gateway.providers.port import TranscriptEvent, TranscriptionCall
from tests.fakes.gateway import Answer, form_event
from tests.fakes.providers import ALL_CAPABILITIES, model
from tests.sound import Encoding, encode, film, look, tone_wav, voice_url, wav
from tests.unit.api.harness import AudioHarness
from tests.unit.audio.files import TRACKS_IN, Track, encoded, mp3, with_tracks

MOVIE = Encoding("mov", "pcm_s16le", 16_000)
SIXTY_CENTS = Price(600_000, 600_000)
"""A minute: ten micro-dollars are a millisecond."""


class Counter(AudioHarness):
    """The transcriptions function over one provider, with a price."""

    def __init__(self, *models: Model) -> None:
        super().__init__(*(models or (priced(),)))

    def write(self, audio: bytes, *fields: tuple[str, str], **headers: str) -> Answer:
        request = form_event("/audio/transcriptions", [("model", "talker"), ("file", ("a", audio)), *fields])
        for name, value in headers.items():
            request["headers"][name.replace("_", "-")] = value
            request["multiValueHeaders"][name.replace("_", "-")] = [value]
        return self.send(request)

    @property
    def asked(self) -> list[TranscriptionCall]:
        """What the provider was asked to write down."""
        return [asked for asked in self.provider.asked if isinstance(asked, TranscriptionCall)]


def priced(name: str = "talker", **fields: Any) -> Model:
    return model(name, price=SIXTY_CENTS, capabilities=ALL_CAPABILITIES | {"diarization"}, **fields)


def test_times_fit_the_film_and_the_price_is_that_of_the_sound() -> None:
    counter = Counter()
    provider_says = ("response_format", "srt")
    at_once = counter.write(encode(wav(bytes(64_000), 16_000), MOVIE), provider_says)
    later = counter.write(film(wav(bytes(64_000), 16_000), MOVIE, late_s=5.0), provider_says)
    first, second = (counter.meter.settled[number].amount for number in (0, 1))
    assert first == second
    assert at_once.body.count(b"00:00:00,") == later.body.count(b"00:00:05,") > 0
    assert b"00:00:00," not in later.body


@pytest.mark.parametrize("kind", TRACKS_IN)
def test_of_two_tracks_the_one_that_is_paid_is_sent_and_no_other(kind: str) -> None:
    counter = Counter()
    data = with_tracks(kind, Track(0.3), Track(5.0, "stereo", default=True))
    answer = counter.write(data)
    (work,), (asked,) = counter.meter.settled, counter.asked
    with av.open(io.BytesIO(asked.audio.data)) as file:
        assert len(file.streams) == 1
    heard = look(asked.audio.data).seconds
    assert heard == pytest.approx(5.0, abs=0.1)
    assert work.amount == asked.audio.duration_ms == pytest.approx(heard * 1_000, abs=1)
    assert answer.headers["x-audio-gateway-cost-usd"] == f"{work.amount / 100_000:f}".rstrip("0")


def test_a_plain_file_is_sent_as_it_came() -> None:
    counter = Counter()
    for data in (tone_wav(1.0), mp3(1.0), encoded("webm opus 48 kHz", 1.0)):
        assert counter.write(data).status == 200
        assert counter.asked[-1].audio.data == data


def test_a_fallback_gets_the_same_file() -> None:
    counter = Counter(priced(fallbacks=("spare",)), priced("spare"))
    real = counter.provider.transcribe

    def transcribe(request: TranscriptionCall) -> Iterator[TranscriptEvent]:
        if request.model == "up-talker":
            counter.provider.asked.append(request)
            raise ProviderUnavailable("down", provider="fake")
        return real(request)

    counter.provider.transcribe = transcribe
    answer = counter.write(mp3(0.5) + mp3(0.5))
    assert answer.headers["x-audio-gateway-model"] == "spare"
    first, second = counter.asked
    assert first.audio == second.audio
    assert first.audio.container == "flac"


def test_a_fallback_that_takes_fewer_bytes_than_the_new_file_has_is_not_asked() -> None:
    twice = 2 * mp3(2.0)
    counter = Counter(priced(fallbacks=("small",)), priced("small", max_bytes=len(twice) + 100))
    counter.provider.fails = ProviderUnavailable("down", provider="fake")
    assert counter.write(twice).status == 503
    assert [asked.model for asked in counter.asked] == ["up-talker"]


def test_what_gets_too_large_for_the_model_becomes_a_job() -> None:
    twice = 2 * mp3(8.0)
    counter = Counter(priced(max_bytes=150_000))
    assert len(twice) < 100_000
    answer = counter.write(twice)
    assert (answer.status, counter.asked) == (303, [])
    assert "/content" in answer.headers["location"]


def test_the_same_request_is_told_by_the_file_that_came() -> None:
    counter = Counter()
    data = with_tracks("ogg", Track(0.3), Track(0.6, "stereo"))
    first, again = (counter.write(data, Idempotency_Key="k") for _ in range(2))
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert len(counter.asked) == 1
    other = counter.write(counter.asked[0].audio.data, Idempotency_Key="k")
    assert other.status == 422


# ---------------------------------------------------------------- voices of known speakers
def voices(*references: str) -> list[tuple[str, str]]:
    names = [("known_speaker_names[]", f"Ann {number}") for number in range(len(references))]
    return [*names, *(("known_speaker_references[]", reference) for reference in references)]


def sent_voices(counter: Counter) -> list[bytes]:
    return [base64.b64decode(each.reference.partition(",")[2]) for each in counter.asked[-1].options.known_speakers]


@pytest.mark.parametrize("data", [tone_wav(2.5), b"a kind of audio that only the provider knows"])
def test_a_voice_that_is_a_plain_file_or_of_a_kind_that_we_do_not_read_is_passed_on_as_it_came(data: bytes) -> None:
    counter = Counter()
    reference = voice_url(data)
    answer = counter.write(tone_wav(1.0), *voices(reference))
    assert answer.status == 200
    assert [each.reference for each in counter.asked[0].options.known_speakers] == [reference]


@pytest.mark.parametrize("background", [False, True])
def test_of_any_other_voice_what_was_measured_is_passed_on(background: bool) -> None:
    counter = Counter()
    two = with_tracks("webm", Track(30.0), Track(3.0, "stereo", default=True))
    fields = voices(voice_url(two, "audio/webm"))
    if background:
        assert counter.write(tone_wav(1.0), *fields, ("background", "true")).status == 202
        return
    assert counter.write(tone_wav(1.0), *fields).status == 200
    (voice,) = sent_voices(counter)
    assert measure(voice).plain
    assert look(voice).seconds == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        (voice_url(tone_wav(11.0)), "longer than 10 s"),
        (voice_url(mp3(6.0) + mp3(6.0)), "longer than 10 s"),
        ("data:audio/wav;base64,AAAAA", "not base64"),
    ],
)
@pytest.mark.parametrize("background", [False, True])
def test_a_voice_that_cannot_be_used_is_refused_by_its_number(reference: str, why: str, background: bool) -> None:
    counter = Counter()
    fields = [*voices(voice_url(tone_wav(2.5)), reference), ("background", "true" if background else "false")]
    answer = counter.write(tone_wav(1.0), *fields)
    assert (answer.status, answer.error["param"]) == (400, "known_speaker_references")
    assert "Voice 2" in answer.error["message"]
    assert why in answer.error["message"]
    assert (counter.asked, counter.meter.admitted) == ([], [])
