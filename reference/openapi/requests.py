"""The fields of requests. Words and limits come from the code that enforces them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, get_args

from audio_gateway.api.speech import MAX_BACKGROUND_CHARACTERS, MAX_CHARACTERS, MAX_SPEED, MIN_SPEED
from audio_gateway.api.transcriptions import MAX_SPEAKERS, STREAMABLE, TRANSLATION_FORMATS
from audio_gateway.audio.formats import SPEECH_FORMATS, SPEECH_SAMPLE_RATE
from audio_gateway.audio.sniff import Container
from audio_gateway.catalog.models import OPENAI_VOICES
from audio_gateway.net.guarded_fetch import MAX_REDIRECTS
from audio_gateway.net.targets import MAX_URL
from audio_gateway.transcripts.render import GRANULARITIES, RESPONSE_FORMATS
from audio_gateway.use_cases.options import NEEDS
from reference.openapi.build import Schema, constant, integer, many, number, record, text, words

CONTAINERS: Final[tuple[str, ...]] = get_args(Container)

MAX_REQUEST_BYTES: Final = 4_500_000
"""What is left of Lambda's 6 MB event for a body in base64, headers aside."""


_BACKGROUND: Final = "Answer immediately with a job (202) and fetch its result later."


def request_schemas() -> dict[str, Schema]:
    """All of them, by name."""
    transcription = {**_audio_and_model(), **_transcription_options()}
    translation = {
        **_audio_and_model(),
        "response_format": _response_format(TRANSLATION_FORMATS),
        **{name: _transcription_options()[name] for name in ("language", "prompt", "temperature")},
    }
    what, what_in_english = "What to transcribe, and how.", "What to translate, and how."
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
    """The same request as a JSON object: without a file, and with the types of JSON."""
    own = {name.removesuffix("[]"): field for name, field in fields.items() if name != "file"}
    for name, field in own.items():
        if field.get("enum") == ["true", "false"]:
            own[name] = {"type": "boolean", "description": field["description"], "default": False}
    return record(f"{description} As JSON.", "model", own, oneOf=_one_of("upload_id", "file_url"))


def _speech_request() -> Schema:
    voice = text("The name of a voice.", minLength=1)
    by_id = record("A voice as OpenAI's SDKs name custom ones.", "id", {"id": voice}, additionalProperties=False)
    fields = {
        "model": text("The id of a model that serves `speech`, as `GET /models` lists it.", minLength=1),
        "input": text(
            "The text to speak. It must not be blank; its length is counted in Unicode code points. At most "
            f"{MAX_CHARACTERS} without `background`; a model may have a lower limit.",
            minLength=1,
            maxLength=MAX_BACKGROUND_CHARACTERS,
        ),
        "voice": {
            "oneOf": [voice, by_id],
            "description": "The name of a voice, or an object with its `id`. `GET /audio/voices` lists the voices "
            f"of a model; OpenAI's names are {', '.join(OPENAI_VOICES)}.",
        },
        "response_format": words(
            SPEECH_FORMATS,
            "The format of the audio, whatever the provider itself returns. "
            f"`pcm` is signed 16 bit little-endian, mono, at {SPEECH_SAMPLE_RATE} Hz, without a header.",
            default="mp3",
        ),
        "speed": number(
            "How fast to speak. Where the model cannot, the audio is stretched afterwards; the pitch stays.",
            minimum=MIN_SPEED,
            maximum=MAX_SPEED,
            default=1.0,
        ),
        "instructions": text(f"How to speak, in words. Needs {_capable('instructions')}.", maxLength=MAX_CHARACTERS),
        "stream_format": words(
            ("audio", "sse"), "`sse` wraps the audio in server-sent events; see `SpeechEvents`.", default="audio"
        ),
        "background": {"type": "boolean", "description": _BACKGROUND, "default": False},
    }
    return record("What to say, and how.", "model input voice", fields, additionalProperties=False)


def _audio_and_model() -> dict[str, Schema]:
    return {
        "file": text(
            f"The audio, as a file part. Accepts {', '.join(CONTAINERS)}; the format is detected from the content, not "
            "from the file's name or declared type. Of several audio tracks, the one that `ffmpeg -i` takes is heard "
            "and charged: the default track, else the one with the most channels, else the first. Times in the "
            "answer are those of the recording, also where its sound begins late; the sound alone is charged. "
            f"The whole request may be up to about {MAX_REQUEST_BYTES / 1_000_000:g} MB; for larger audio send "
            "`upload_id` or `file_url` instead.",
            format="binary",
        ),
        "upload_id": text("The id of an upload of this project whose file has arrived."),
        "file_url": text(
            "A public https URL of the audio on port 443, which needs no sign-in. At most "
            f"{MAX_REDIRECTS} redirects are followed.",
            format="uri",
            maxLength=MAX_URL,
        ),
        "model": text("The id of a model that serves this endpoint, as `GET /models` lists it.", minLength=1),
        "background": words(["true", "false"], _BACKGROUND, default="false"),
    }


def _response_format(choices: Collection[str]) -> Schema:
    needs = "`srt`, `vtt` and `verbose_json` need a model with the capability `words` or `segments`"
    if "diarized_json" in choices:
        needs += ", `diarized_json` one with `diarization`"
    return words(choices, f"{needs}.", default="json")


def _transcription_options() -> dict[str, Schema]:
    return {
        "response_format": _response_format(RESPONSE_FORMATS),
        "language": text("The language of the audio, as an ISO-639-1 code such as `en`.", examples=["en"]),
        "languages[]": many(
            {"type": "string"},
            f"Languages that may be spoken; in a form, one part for each. Needs {_capable('languages')}.",
        ),
        "keywords[]": many(
            {"type": "string", "minLength": 1},
            f"Words that may be spoken; in a form, one part for each. Needs {_capable('keywords')}.",
        ),
        "prompt": text(f"Text that came before, or the style to be kept. Needs {_capable('prompt')}."),
        "temperature": number(
            f"How freely the model chooses its words. Above 0 it needs {_capable('temperature')}.",
            minimum=0,
            maximum=1,
        ),
        "timestamp_granularities[]": many(
            words(GRANULARITIES, "What to give times of."),
            "Which times `verbose_json` holds; in a form, one part for each. Only with that format; segments if left "
            "out. A model that has no times takes it with `json` as well, to no effect.",
        ),
        "include[]": many(
            words(["logprobs"], "What to add."),
            f"`logprobs` adds the log probability of each token. Only with `json`. Needs {_capable('include')}.",
        ),
        "stream": words(
            ["true", "false"],
            f"Answer with server-sent events; see `TranscriptionEvents`. Only with {', '.join(STREAMABLE)}.",
            default="false",
        ),
        "chunking_strategy": _chunking(),
        "known_speaker_names[]": many(
            {"type": "string", "minLength": 1},
            f"Names of speakers, paired by order with the references; in a form, one part for each. "
            f"Needs {_capable('known_speaker_names')}.",
            maxItems=MAX_SPEAKERS,
        ),
        "known_speaker_references[]": many(
            text("A data URL.", pattern="^data:audio/"),
            "Their voices, each a `data:audio/…;base64,…` URL of 2 to 10 seconds; in a form, one part for each.",
            maxItems=MAX_SPEAKERS,
        ),
    }


def _chunking() -> Schema:
    server_vad = record(
        "Cut where the voice pauses.",
        "type",
        {
            "type": constant("server_vad"),
            "prefix_padding_ms": integer("Milliseconds kept before speech.", minimum=0, maximum=999_999),
            "silence_duration_ms": integer("Milliseconds of silence that end a part.", minimum=0, maximum=999_999),
            "threshold": number("How sure to be that somebody speaks.", minimum=0, maximum=1),
        },
        additionalProperties=False,
    )
    return {
        "oneOf": [constant("auto"), server_vad],
        "description": "How the provider cuts the audio: `auto`, or an object. A form sends the object as "
        f"`chunking_strategy[type]` and so on, or as JSON text. As an object it needs {_capable('chunking_strategy')}.",
    }


def _capable(field: str) -> str:
    """What `field` needs."""
    return "a model with the capability " + " or ".join(f"`{need}`" for need in NEEDS[field])
