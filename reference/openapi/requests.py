"""The fields of requests. Choices and limits come from the code that enforces them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, get_args

from audio_gateway.api.speech import MAX_INSTRUCTIONS, MAX_SPEED, MIN_SPEED, MOST_BUFFERED_CHARACTERS, MOST_CHARACTERS
from audio_gateway.api.transcriptions import MAX_SPEAKERS, STREAMABLE, TRANSLATION_FORMATS
from audio_gateway.audio.formats import SPEECH_FORMATS, SPEECH_SAMPLE_RATE
from audio_gateway.audio.sniff import Container
from audio_gateway.catalog.models import OPENAI_VOICES
from audio_gateway.net.guarded_fetch import MAX_REDIRECTS
from audio_gateway.net.targets import MAX_URL
from audio_gateway.transcripts.render import GRANULARITIES, RESPONSE_FORMATS
from audio_gateway.use_cases.options import NEEDS
from reference.openapi.build import Schema, constant, integer, listed, many, number, record, text, words

CONTAINERS: Final[tuple[str, ...]] = get_args(Container)

MAX_REQUEST_BYTES: Final = 4_500_000
"""What Lambda's 6 MB event leaves for a body in base64, apart from the headers."""

_BACKGROUND: Final = "Whether to return a job immediately (202) and not wait for the result."


def request_schemas() -> dict[str, Schema]:
    """All of them, by name."""
    transcription = {**_audio_and_model(), **_transcription_options()}
    translation = {
        **_audio_and_model(),
        "response_format": _response_format(TRANSLATION_FORMATS),
        **{name: _transcription_options()[name] for name in ("language", "prompt", "temperature")},
    }
    what, what_in_english = "The audio to transcribe, and options.", "The audio to translate, and options."
    ways = _one_of("file", "upload_id", "file_url")
    return {
        "SpeechRequest": _speech_request(),
        "TranscriptionRequest": record(what, "model", transcription, oneOf=ways),
        "TranscriptionJsonRequest": _as_json(what, transcription),
        "TranslationRequest": record(what_in_english, "model", translation, oneOf=ways),
        "TranslationJsonRequest": _as_json(what_in_english, translation),
    }


def _one_of(*names: str) -> list[Schema]:
    """Exactly one of these fields."""
    return [{"required": [name]} for name in names]


def _as_json(description: str, fields: dict[str, Schema]) -> Schema:
    """The same request as a JSON object: without a file, and with JSON's types."""
    own = {name.removesuffix("[]"): field for name, field in fields.items() if name != "file"}
    for name, field in own.items():
        if field.get("enum") == ["true", "false"]:
            own[name] = {"type": "boolean", "description": field["description"], "default": False}
    return record(f"{description} Sent as JSON.", "model", own, oneOf=_one_of("upload_id", "file_url"))


def _speech_request() -> Schema:
    voice = text("The name of a voice.", minLength=1)
    by_id = record(
        "A voice in the form that OpenAI's SDKs use for custom voices.", "id", {"id": voice}, additionalProperties=False
    )
    fields = {
        "model": text("A model that serves `speech`, by its id or an alias; see `GET /models`.", minLength=1),
        "input": text(
            "The text to speak. It must not be blank. Its length is counted in Unicode code points. A text that is "
            "longer than the model takes in one call is spoken in parts, the next one while the previous one is sent. "
            "If its speech does not fit into the time or size of a response, the call becomes a job. Where the "
            f"deployment does not stream responses, at most {MOST_BUFFERED_CHARACTERS:,} without `background`.",
            minLength=1,
            maxLength=MOST_CHARACTERS,
        ),
        "voice": {
            "oneOf": [voice, by_id],
            "description": "The name of a voice, or an object with its `id`. `GET /audio/voices` lists the voices "
            f"of a model. OpenAI's voices are {listed(OPENAI_VOICES)}.",
        },
        "response_format": words(
            SPEECH_FORMATS,
            "The format of the audio. `pcm` is raw samples without a header: signed 16-bit little-endian, mono, at "
            f"{SPEECH_SAMPLE_RATE / 1000:g} kHz.",
            default="mp3",
        ),
        "speed": number(
            "The speed of the generated audio. If the model cannot change it, the gateway stretches the audio without "
            "changing the pitch.",
            minimum=MIN_SPEED,
            maximum=MAX_SPEED,
            default=1.0,
        ),
        "instructions": text(
            f"How to speak, in plain words. Requires {_capable('instructions')}.", maxLength=MAX_INSTRUCTIONS
        ),
        "stream_format": words(
            ("audio", "sse"),
            "`audio` sends the bytes of the file, `sse` the same bytes in server-sent events; see `SpeechEvents`. Both "
            "are sent while the text is spoken.",
            default="audio",
        ),
        "background": {"type": "boolean", "description": _BACKGROUND, "default": False},
    }
    return record("The text to speak, and options.", "model input voice", fields, additionalProperties=False)


def _audio_and_model() -> dict[str, Schema]:
    return {
        "file": text(
            f"The audio, as a file part. Accepts {listed(CONTAINERS)}; the format is detected from the content, not "
            "from the file's name or declared type. If there are several audio tracks, the gateway uses and charges "
            "the one that `ffmpeg -i` selects: the default track, else the one with the most channels, else the first. "
            "Times in the response are relative to the start of the recording, even if its sound starts later; only "
            f"the sound is charged. The whole request may be up to about {MAX_REQUEST_BYTES / 1_000_000:g} MB; for "
            "larger files, use `upload_id` or `file_url`.",
            format="binary",
        ),
        "upload_id": text("The id of an upload in the same project whose file has arrived."),
        "file_url": text(
            "A public https URL of the audio, on port 443 and without sign-in. The gateway follows up to "
            f"{MAX_REDIRECTS} redirects.",
            format="uri",
            maxLength=MAX_URL,
        ),
        "model": text("A model that serves this endpoint, by its id or an alias; see `GET /models`.", minLength=1),
        "background": words(["true", "false"], _BACKGROUND, default="false"),
    }


def _response_format(choices: Collection[str]) -> Schema:
    needs = "`srt`, `vtt` and `verbose_json` require a model with the capability `words` or `segments`"
    if "diarized_json" in choices:
        needs += "; `diarized_json` requires one with `diarization`"
    return words(choices, f"The format of the result. {needs}.", default="json")


def _transcription_options() -> dict[str, Schema]:
    return {
        "response_format": _response_format(RESPONSE_FORMATS),
        "language": text("The language of the audio, as an ISO 639-1 code such as `en`.", examples=["en"]),
        "languages[]": many(
            {"type": "string"},
            f"Languages that may occur in the audio. Requires {_capable('languages')}.",
        ),
        "keywords[]": many(
            {"type": "string", "minLength": 1},
            f"Words that may occur in the audio. Requires {_capable('keywords')}.",
        ),
        "prompt": text(
            f"The text that precedes the audio, or an example of the style to follow. Requires {_capable('prompt')}."
        ),
        "temperature": number(
            f"How freely the model chooses its words. A value above 0 requires {_capable('temperature')}.",
            minimum=0,
            maximum=1,
        ),
        "timestamp_granularities[]": many(
            words(GRANULARITIES, "The unit that gets timestamps."),
            "The timestamps in `verbose_json`; default: `segment`. Only valid with that format. A model without "
            "timestamps also accepts the field with `json`, where it has no effect.",
        ),
        "include[]": many(
            words(["logprobs"], "An addition to the response."),
            "`logprobs` adds the log probability of each token. Only valid with `json`. "
            f"Requires {_capable('include')}.",
        ),
        "stream": words(
            ["true", "false"],
            "Whether to send the text in server-sent events while the audio is transcribed; see "
            "`TranscriptionEvents`. If the model cannot stream, one event has the whole text. Only valid with "
            f"{listed([f'`{name}`' for name in STREAMABLE])}.",
            default="false",
        ),
        "chunking_strategy": _chunking(),
        "known_speaker_names[]": many(
            {"type": "string", "minLength": 1},
            "The names of known speakers, in the order of `known_speaker_references`. "
            f"Requires {_capable('known_speaker_names')}.",
            maxItems=MAX_SPEAKERS,
        ),
        "known_speaker_references[]": many(
            text("A data URL.", pattern="^data:audio/"),
            "A sample of each known speaker's voice, as a `data:audio/…;base64,…` URL of 2 to 10 seconds.",
            maxItems=MAX_SPEAKERS,
        ),
    }


def _chunking() -> Schema:
    server_vad = record(
        "Splits the audio at pauses in the speech.",
        "type",
        {
            "type": constant("server_vad"),
            "prefix_padding_ms": integer("Milliseconds of audio to keep before speech.", minimum=0, maximum=999_999),
            "silence_duration_ms": integer("Milliseconds of silence that end a chunk.", minimum=0, maximum=999_999),
            "threshold": number("How certain the detector must be that there is speech.", minimum=0, maximum=1),
        },
        additionalProperties=False,
    )
    return {
        "oneOf": [constant("auto"), server_vad],
        "description": "How the provider splits the audio: `auto` or an object. A form sends the object as "
        f"`chunking_strategy[type]` and so on, or as JSON text. The object requires {_capable('chunking_strategy')}.",
    }


def _capable(field: str) -> str:
    """The model that `field` requires."""
    return "a model with the capability " + " or ".join(f"`{need}`" for need in NEEDS[field])
