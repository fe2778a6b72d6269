"""Speech from the cache: the same sound or none (moto)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.storage import speech_cache
from audio_gateway.storage.speech_cache import Sound, SpeechCacheStore
from tests.unit.storage.buckets import BUCKET

SOUND = Sound(
    adapter="openai",
    provider="openai",
    base_url="https://api.openai.com/v1",
    upstream="tts-1",
    voice="alloy",
    text="Hello.",
    instructions=None,
    format="mp3",
    speed=1.0,
    provider_format="mp3",
    provider_speed=1.0,
    project_id="default",
)
CHANGED: dict[str, Any] = {
    "adapter": "embedded",
    "provider": "other",
    "base_url": "https://api.example.com/v1",
    "upstream": "tts-1-hd",
    "voice": "echo",
    "text": "Hello. ",
    "instructions": "",
    "format": "wav",
    "speed": 1.01,
    "provider_format": "pcm",
    "provider_speed": 1.01,
    "project_id": None,
}
NAME = f"cache/org-default/{SOUND.key}"
AUDIO = b"ID3 sound"
NOW = 1_795_255_200.0


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Sound)])
def test_each_parameter_changes_the_key(name: str) -> None:
    assert dataclasses.replace(SOUND, **{name: CHANGED[name]}).key != SOUND.key


def test_another_encoding_of_ours_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = SOUND.key
    monkeypatch.setattr(speech_cache, "ENCODING_VERSION", 0)
    assert SOUND.key != before


texts = st.text(max_size=4)


@given(st.tuples(texts, texts, texts), st.tuples(texts, texts, texts))
def test_the_content_of_one_field_is_not_confused_with_another(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    keys = [dataclasses.replace(SOUND, voice=v, text=t, upstream=u).key for v, t, u in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


def test_speech_is_found_by_its_organisation_while_it_is_young_enough(bucket: Any) -> None:
    clock = [NOW]
    store = SpeechCacheStore(BUCKET, now_s=lambda: clock[0])
    cache = store.of("org-default")
    assert cache.find(SOUND, max_age_s=60) is None
    cache.keep(SOUND, AUDIO)
    assert cache.find(SOUND, max_age_s=60) == AUDIO
    assert cache.find(dataclasses.replace(SOUND, text="Other."), max_age_s=60) is None
    assert store.of("org-other").find(SOUND, max_age_s=60) is None
    clock[0] += 61
    assert cache.find(SOUND, max_age_s=60) is None
    cache.keep(SOUND, b"anew")
    assert cache.find(SOUND, max_age_s=60) == b"anew"
    assert bucket.head_object(Bucket=BUCKET, Key=NAME)["ServerSideEncryption"] == "AES256"


def test_an_object_that_differs_from_the_stored_one_is_a_miss(bucket: Any) -> None:
    cache = SpeechCacheStore(BUCKET, now_s=lambda: NOW).of("org-default")
    cache.keep(SOUND, AUDIO)
    other = dataclasses.replace(SOUND, text="Other.")
    cache.keep(other, b"other sound")
    metadata = bucket.head_object(Bucket=BUCKET, Key=NAME)["Metadata"]

    def put(body: bytes, metadata: dict[str, str]) -> bytes | None:
        bucket.put_object(Bucket=BUCKET, Key=NAME, Body=body, Metadata=metadata)
        return cache.find(SOUND, max_age_s=60)

    assert put(AUDIO, metadata) == AUDIO
    for body in (AUDIO[:-1], AUDIO + b"x", b"ID3 sounx", b""):
        assert put(body, metadata) is None
    for name in metadata:
        assert put(AUDIO, {each: value for each, value in metadata.items() if each != name}) is None
        assert put(AUDIO, metadata | {name: "1x"}) is None
    bucket.copy_object(Bucket=BUCKET, Key=NAME, CopySource={"Bucket": BUCKET, "Key": f"cache/org-default/{other.key}"})
    assert cache.find(other, max_age_s=60) == b"other sound"
    assert cache.find(SOUND, max_age_s=60) is None


def test_a_bucket_that_cannot_be_used_is_an_empty_cache(moto_dynamodb: Any) -> None:
    cache = SpeechCacheStore("no-such-bucket").of("org-default")
    cache.keep(SOUND, AUDIO)
    assert cache.find(SOUND, max_age_s=60) is None
