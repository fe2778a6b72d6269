"""GET /v1/models and /v1/audio/voices."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from openai import AsyncOpenAI, NotFoundError, OpenAI

from tests.stack.sdk.wire import Wire

pytestmark = pytest.mark.stack


def test_the_shipped_models_are_listed(client: OpenAI) -> None:
    page = client.models.list()
    models = {model.id: model for model in page}
    assert page.object == "list"
    assert set(models) >= {"espeak-ng", "moonshine-tiny", "whisper-base"}
    for model in models.values():
        assert model.object == "model"
        assert model.created > 0
        assert model.owned_by


def test_a_model_says_what_it_can_do(client: OpenAI) -> None:
    speaker = client.models.retrieve("espeak-ng").model_extra or {}
    listener = client.models.retrieve("moonshine-tiny").model_extra or {}
    for extra in (speaker, listener):
        assert set(extra) >= {
            "endpoints", "voices", "response_formats", "languages", "capabilities", "limits", "price",
        }  # fmt: skip
    assert speaker["endpoints"] == ["speech"]
    assert set(speaker["response_formats"]) == {"mp3", "opus", "aac", "flac", "wav", "pcm"}
    assert "alloy" in speaker["voices"]
    assert listener["endpoints"] == ["transcriptions"]
    assert set(listener["response_formats"]) == {"json", "text", "srt", "vtt", "verbose_json", "diarized_json"}
    assert listener["languages"] == ["en"]
    assert "words" in listener["capabilities"]


def test_retrieving_a_model_gives_what_the_list_says(client: OpenAI) -> None:
    for model in client.models.list():
        assert client.models.retrieve(model.id) == model


@pytest.mark.parametrize("query", ["type=audio", "type=audio&type=audio"])
def test_asking_for_audio_models_gives_all(wire: Wire, query: str) -> None:
    assert wire.call("GET", f"/models?{query}").json == wire.call("GET", "/models").json


@pytest.mark.parametrize("model_id", ["gpt-5", "org/none x", "ft:gpt-4o:acme::1", "espeak-ng ", "ESPEAK-NG", "é", "%"])
def test_an_unknown_model_is_a_404_that_names_the_field(client: OpenAI, model_id: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.models.retrieve(model_id)
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")
    assert caught.value.request_id


@pytest.mark.parametrize("path", ["/models/a/b", "/models/a%2Fb", "/models/a%252Fb"])
def test_slashes_in_the_path_belong_to_the_id(wire: Wire, path: str) -> None:
    answer = wire.call("GET", path)
    assert answer.status == 404
    assert answer.error["code"] == "model_not_found"


def test_ids_with_a_slash_and_a_space_are_found_encoded(wired_client: OpenAI) -> None:
    assert wired_client.models.retrieve("org/name x").id == "org/name x"


def test_ids_with_colons_are_found_as_they_are(wired_client: OpenAI) -> None:
    assert wired_client.models.retrieve("ft:acme:tts").id == "ft:acme:tts"


@pytest.mark.parametrize("path", ["/models/org%2Fname%20x", "/models/org%2fname+x"])
def test_only_percent_encoding_is_decoded_in_paths(wired_wire: Wire, path: str) -> None:
    assert wired_wire.call("GET", path).status == (404 if "+" in path else 200)


def test_the_asynchronous_client_lists_and_retrieves(aclient: Any) -> None:
    async def run() -> tuple[list[str], str]:
        client: AsyncOpenAI
        async with aclient() as client:
            ids = [model.id async for model in client.models.list()]
            return ids, (await client.models.retrieve("espeak-ng")).id

    ids, one = asyncio.run(run())
    assert one == "espeak-ng"
    assert "espeak-ng" in ids


def test_model_answers_have_a_request_id(client: OpenAI) -> None:
    page = client.models.with_raw_response.list()
    assert re.fullmatch(r"req_[0-9a-f]{32}", page.headers["x-request-id"])
    assert page.parse()._request_id == page.headers["x-request-id"]


def test_voices_are_listed_by_model(wire: Wire) -> None:
    listed = wire.call("GET", "/audio/voices?model=espeak-ng").json
    assert listed["object"] == "list"
    assert len(listed["data"]) > 50
    for voice in listed["data"]:
        assert set(voice) == {"id", "object", "name", "language", "gender", "openai_name"}
        assert voice["object"] == "audio.voice"
    ours = {v["openai_name"]: v["id"] for v in listed["data"] if v["openai_name"]}
    assert set(ours) == {
        "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin",
        "cedar",
    }  # fmt: skip
    assert len(set(ours.values())) == len(ours), "each name has a voice of its own"


def test_voices_without_a_model_are_those_of_all_models(wire: Wire) -> None:
    listed = wire.call("GET", "/audio/voices")
    assert listed.status == 200
    assert {v["id"] for v in listed.json["data"]} >= {
        v["id"] for v in wire.call("GET", "/audio/voices?model=espeak-ng").json["data"]
    }


@pytest.mark.parametrize("model_id", ["nobody", "moonshine-tiny", "%00"])
def test_voices_of_a_model_that_does_not_speak_are_a_404(wire: Wire, model_id: str) -> None:
    answer = wire.call("GET", f"/audio/voices?model={model_id}")
    assert answer.status == 404
    assert (answer.error["param"], answer.error["code"]) == ("model", "model_not_found")
