"""The objects of responses: transcripts, events, models, voices and errors."""

from __future__ import annotations

from typing import Final

from audio_gateway.api.http.sse import KEEP_ALIVE
from audio_gateway.api.http.streamed import KEEP_ALIVE_S
from audio_gateway.catalog.models import CAPABILITIES, ENDPOINTS, OPENAI_VOICES
from reference.openapi.build import Schema, constant, integer, many, number, or_null, record, reference, text, words


def answer_schemas() -> dict[str, Schema]:
    """All of them, by name."""
    return {
        **_transcripts(),
        **_transcript_parts(),
        **_events(),
        **_listings(),
        "Redirect": _redirect(),
        "Health": _health(),
        "Error": _error(),
    }


# ---------------------------------------------------------------- transcripts
_SECONDS: Final = "seconds from the start of the recording"


def _transcripts() -> dict[str, Schema]:
    whole = text("The whole text.")
    duration = number("The length of the sound in seconds, measured by decoding it.")
    usage = {"oneOf": [reference("DurationUsage"), reference("TokenUsage")], "description": "The usage of the request."}
    return {
        "Transcription": record(
            "A transcript with `response_format=json`.",
            "text usage",
            {
                "text": whole,
                "languages": many(reference("LanguageCode"), "The spoken languages, if the provider reports them."),
                "logprobs": many(
                    reference("TokenLogprob"), "The log probability of each token; only if requested with `include[]`."
                ),
                "usage": usage,
            },
        ),
        "VerboseTranscription": record(
            "A transcript or translation with `response_format=verbose_json`.",
            "task language duration text",
            {
                "task": words(["transcribe", "translate"], "The requested task."),
                "language": text("The English name of the language in lower case, or `unknown`."),
                "duration": duration,
                "text": whole,
                "segments": many(reference("Segment"), "The segments; omitted if only words were requested."),
                "words": many(reference("Word"), "The words, if requested; never in a translation."),
                "usage": {**reference("DurationUsage"), "description": "The usage of the request."},
            },
        ),
        "DiarizedTranscription": record(
            "A transcript with `response_format=diarized_json`.",
            "task duration text segments usage",
            {
                "task": constant("transcribe"),
                "duration": duration,
                "text": whole,
                "segments": many(reference("DiarizedSegment"), "What each speaker said, in order."),
                "usage": usage,
            },
        ),
        "Translation": record("A translation with `response_format=json`.", "text", {"text": whole}),
    }


def _transcript_parts() -> dict[str, Schema]:
    start, end = number(f"Start, in {_SECONDS}."), number(f"End, in {_SECONDS}.")
    spaced = text("The text, with a leading space.")
    return {
        "Segment": record(
            "A segment of speech. Numbers that the provider does not report are 0; `tokens` is then an empty list.",
            "id seek start end text tokens temperature avg_logprob compression_ratio no_speech_prob",
            {
                "id": integer("The number of the segment, from 0."),
                "seek": integer("Start, in hundredths of a second."),
                "start": start,
                "end": end,
                "text": spaced,
                "tokens": many({"type": "integer"}, "The ids of the decoder's tokens."),
                "temperature": number("The temperature that the decoder used."),
                "avg_logprob": number("The mean log probability of the tokens."),
                "compression_ratio": number("The compression ratio of the text; high if the text repeats itself."),
                "no_speech_prob": number("The probability that the segment contains no speech."),
            },
        ),
        "Word": record(
            "A word without surrounding punctuation.",
            "word start end",
            {"word": text("The word."), "start": start, "end": end},
        ),
        "DiarizedSegment": record(
            "Continuous speech by one speaker.",
            "type id start end text speaker",
            {
                "type": constant("transcript.text.segment"),
                "id": text("The id of the segment, unique within the response."),
                "start": start,
                "end": end,
                "text": spaced,
                "speaker": text("The name of the known speaker, or A, B, … in order of appearance."),
            },
        ),
        "LanguageCode": record("A language.", "code", {"code": text("The ISO 639-1 code.")}),
        "TokenLogprob": record(
            "A token of the text.",
            "token logprob bytes",
            {
                "token": text("The token."),
                "logprob": number("The log probability of the token."),
                "bytes": many({"type": "integer"}, "The UTF-8 bytes of the token."),
            },
        ),
        "DurationUsage": record(
            "Usage by duration.",
            "type seconds",
            {"type": constant("duration"), "seconds": integer("Seconds of audio, rounded up.")},
        ),
        "TokenUsage": _token_usage(),
    }


def _token_usage() -> Schema:
    details = record(
        "The parts of the input.",
        "text_tokens audio_tokens",
        {"text_tokens": integer("Tokens of the prompt."), "audio_tokens": integer("Tokens of the audio.")},
    )
    return record(
        "Usage in tokens, as reported by the provider. It does not determine the price.",
        "type input_tokens output_tokens total_tokens",
        {
            "type": constant("tokens"),
            "input_tokens": integer("Tokens of the input."),
            "output_tokens": integer("Tokens of the output."),
            "total_tokens": integer("The sum of both."),
            "input_token_details": details,
        },
    )


# ---------------------------------------------------------------- server-sent events
_BREAKS: Final = (
    "If the work fails in the middle, the last event is an `Error`, without `[DONE]`, and the call is free. After "
    f"{KEEP_ALIVE_S:g} seconds without an event, the comment `{KEEP_ALIVE.decode().strip()}` is sent."
)


def _events() -> dict[str, Schema]:
    counts = {name: integer("Always 0.") for name in ("input_tokens", "output_tokens", "total_tokens")}
    no_tokens = record("Always 0, because speech is measured in characters.", " ".join(counts), counts)
    whole, logprobs = (
        text("The whole text."),
        many(reference("TokenLogprob"), "The log probability of each token; only if requested."),
    )
    return {
        "SpeechAudioDelta": record(
            "A part of the audio. The decoded parts, joined in order, are one file in `response_format`.",
            "type audio",
            {"type": constant("speech.audio.delta"), "audio": text("The part, in base64.", contentEncoding="base64")},
        ),
        "SpeechAudioDone": record(
            "The last event.", "type usage", {"type": constant("speech.audio.done"), "usage": no_tokens}
        ),
        "SpeechEvents": {
            "description": f"The `data:` of each event. The last event is followed by `data: [DONE]`. {_BREAKS}",
            "oneOf": [reference("SpeechAudioDelta"), reference("SpeechAudioDone")],
        },
        "TranscriptTextDelta": record(
            "Text to append to the previous deltas.",
            "type delta",
            {"type": constant("transcript.text.delta"), "delta": text("The new text."), "logprobs": logprobs},
        ),
        "TranscriptTextDone": record(
            "The last event.",
            "type text",
            {
                "type": constant("transcript.text.done"),
                "text": whole,
                "languages": many(reference("LanguageCode"), "The spoken languages, if the provider reports them."),
                "logprobs": logprobs,
                "usage": {**reference("TokenUsage"), "description": "The usage, if the provider counts tokens."},
            },
        ),
        "TranscriptionEvents": {
            "description": "The `data:` of each event. The last event is followed by `data: [DONE]`. With "
            f"`diarized_json`, segments are sent instead of deltas. {_BREAKS}",
            "oneOf": [reference(name) for name in ("TranscriptTextDelta", "DiarizedSegment", "TranscriptTextDone")],
        },
    }


# ---------------------------------------------------------------- models and voices
def _listings() -> dict[str, Schema]:
    def listing(name: str, items: str) -> Schema:
        data = many(reference(name), f"All {items}; the list has no pages.")
        return record(f"A list of {items}.", "object data", {"object": constant("list"), "data": data})

    voices = listing("Voice", "voices")
    named = record(
        "A voice, by id and name.",
        "id name",
        {"id": text("The value to send as `voice`."), "name": text("The display name.")},
    )
    voices["properties"]["voices"] = many(named, "The same voices, for clients that read this field.")
    voices["required"] = [*voices["required"], "voices"]
    return {"Model": _model(), "ModelList": listing("Model", "models"), "Voice": _voice(), "VoiceList": voices}


def _model() -> Schema:
    limits = {
        "max_bytes": or_null(integer("The largest file, in bytes.")),
        "max_seconds": or_null(number("The longest audio, in seconds.")),
        "max_characters": or_null(integer("The longest text, in characters.")),
    }
    prices = {
        "usd_per_million_characters": text(
            "The price of one million characters of `input`, in dollars, as a decimal number."
        ),
        "usd_per_minute": text("The price of one minute of audio, in dollars, as a decimal number."),
    }
    word = {"type": "string"}
    return record(
        "A model in the catalogue, or an alias of one. The first four fields are those of OpenAI.",
        "id object created owned_by alias_of endpoints voices response_formats languages capabilities limits price",
        {
            "id": text("The value to send as `model`."),
            "object": constant("model"),
            "created": integer("A constant, in Unix seconds: the catalogue records no creation times."),
            "owned_by": text("The id of the provider in the catalogue."),
            "alias_of": or_null(text("The id of the model that this is another name for; null for a model.")),
            "endpoints": many(words(ENDPOINTS, "An endpoint."), "The endpoints that the model serves."),
            "voices": or_null(
                many(word, "The voice names that the catalogue maps; null if all names are passed on to the provider.")
            ),
            "response_formats": many(word, "The speech and transcript formats that can be requested."),
            "languages": or_null(
                many(word, "The languages that the model supports, as ISO 639-1 codes; null for any.")
            ),
            "capabilities": many(words(CAPABILITIES, "A capability."), "The capabilities of the model."),
            "limits": record("The limits of the model; null where there is none.", " ".join(limits), limits),
            "price": record("The price that the caller pays.", "", prices),
        },
    )


def _voice() -> Schema:
    fields = {
        "id": text("The value to send as `voice`."),
        "object": constant("audio.voice"),
        "name": text("The display name."),
        "language": or_null(text("The language as a BCP 47 tag, if known.")),
        "gender": or_null(text("`male`, `female` or `neutral`, if known.")),
        "openai_name": or_null(words(OPENAI_VOICES, "The same as `id` if that is one of OpenAI's voices.")),
    }
    fields["openai_name"]["enum"] = [*OPENAI_VOICES, None]
    return record("A voice.", " ".join(fields), fields)


# ---------------------------------------------------------------- errors
def _redirect() -> Schema:
    return record(
        "The body of a 303 response, for clients that do not follow redirects.",
        "object message location",
        {
            "object": constant("redirect"),
            "id": text("The id of the job, if the request has become one."),
            "message": text("What to do next."),
            "location": text("The URL where the result is or will be, as in the `location` header."),
        },
    )


def _health() -> Schema:
    return record(
        "Confirms that the service is up.", "object status", {"object": constant("health"), "status": constant("ok")}
    )


def _error() -> Schema:
    error = record(
        "The error. All four fields are always present.",
        "message type param code",
        {
            "message": text("What is wrong and what to do about it. For people; the wording may change."),
            "type": text("The kind of error."),
            "param": or_null(text("The request field that caused the error.")),
            "code": or_null(text("The name of the error, for programs.")),
        },
    )
    return record("An error, with any status.", "error", {"error": error})
