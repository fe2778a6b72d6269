"""What comes back: transcripts, events, models, voices and errors."""

from __future__ import annotations

from typing import Final

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
_SECONDS: Final = "seconds from the beginning of the recording"


def _transcripts() -> dict[str, Schema]:
    whole = text("All that was said.")
    duration = number("Length of the sound in seconds, as measured by decoding it.")
    usage = {"oneOf": [reference("DurationUsage"), reference("TokenUsage")]}
    return {
        "Transcription": record(
            "`response_format=json`.",
            "text usage",
            {
                "text": whole,
                "languages": many(reference("LanguageCode"), "What was spoken, where the provider tells."),
                "logprobs": many(reference("TokenLogprob"), "Only if `include[]` asked for them."),
                "usage": usage,
            },
        ),
        "VerboseTranscription": record(
            "`response_format=verbose_json`.",
            "task language duration text",
            {
                "task": words(["transcribe", "translate"], "What was asked for."),
                "language": text("The language by its English name in lower case; `unknown` if nobody knows."),
                "duration": duration,
                "text": whole,
                "segments": many(reference("Segment"), "Left out if only words were asked for."),
                "words": many(reference("Word"), "If words were asked for; never in a translation."),
                "usage": reference("DurationUsage"),
            },
        ),
        "DiarizedTranscription": record(
            "`response_format=diarized_json`.",
            "task duration text segments usage",
            {
                "task": constant("transcribe"),
                "duration": duration,
                "text": whole,
                "segments": many(reference("DiarizedSegment"), "Who said what, in order."),
                "usage": usage,
            },
        ),
        "Translation": record("`response_format=json` of a translation.", "text", {"text": whole}),
    }


def _transcript_parts() -> dict[str, Schema]:
    start, end = number(f"Begin, in {_SECONDS}."), number(f"End, in {_SECONDS}.")
    spaced = text("What was said, with a leading space.")
    return {
        "Segment": record(
            "A stretch of speech. Figures that the provider did not report are 0, tokens an empty list.",
            "id seek start end text tokens temperature avg_logprob compression_ratio no_speech_prob",
            {
                "id": integer("Its number, from 0."),
                "seek": integer("Begin, in hundredths of a second."),
                "start": start,
                "end": end,
                "text": spaced,
                "tokens": many({"type": "integer"}, "The decoder's tokens."),
                "temperature": number("That the decoder used."),
                "avg_logprob": number("Mean log probability of the tokens."),
                "compression_ratio": number("Of the text; high for repetitions."),
                "no_speech_prob": number("How likely it is that nobody speaks."),
            },
        ),
        "Word": record(
            "A word without the punctuation around it.",
            "word start end",
            {"word": text("The word."), "start": start, "end": end},
        ),
        "DiarizedSegment": record(
            "What one speaker said without a break.",
            "type id start end text speaker",
            {
                "type": constant("transcript.text.segment"),
                "id": text("Unique in this answer."),
                "start": start,
                "end": end,
                "text": spaced,
                "speaker": text("The caller's name for the voice, or A, B, … in order of appearance."),
            },
        ),
        "LanguageCode": record("A language.", "code", {"code": text("ISO-639-1.")}),
        "TokenLogprob": record(
            "A token of the text.",
            "token logprob bytes",
            {
                "token": text("The token."),
                "logprob": number("Its log probability."),
                "bytes": many({"type": "integer"}, "The token in UTF-8."),
            },
        ),
        "DurationUsage": record(
            "Usage by length.",
            "type seconds",
            {"type": constant("duration"), "seconds": integer("Seconds of audio, rounded up.")},
        ),
        "TokenUsage": _token_usage(),
    }


def _token_usage() -> Schema:
    details = record(
        "What the input consisted of.",
        "text_tokens audio_tokens",
        {"text_tokens": integer("Of the prompt."), "audio_tokens": integer("Of the audio.")},
    )
    return record(
        "Usage as a provider that counts tokens has reported it. For information: it does not decide the price.",
        "type input_tokens output_tokens total_tokens",
        {
            "type": constant("tokens"),
            "input_tokens": integer("Tokens in."),
            "output_tokens": integer("Tokens out."),
            "total_tokens": integer("Both."),
            "input_token_details": details,
        },
    )


# ---------------------------------------------------------------- server-sent events
def _events() -> dict[str, Schema]:
    counts = {name: integer("0.") for name in ("input_tokens", "output_tokens", "total_tokens")}
    no_tokens = record("Zero: speech is measured in characters.", " ".join(counts), counts)
    whole, logprobs = text("The whole text."), many(reference("TokenLogprob"), "Only if asked for.")
    return {
        "SpeechAudioDelta": record(
            "A piece of the audio. All pieces decoded and joined are one file in `response_format`.",
            "type audio",
            {"type": constant("speech.audio.delta"), "audio": text("Base64.", contentEncoding="base64")},
        ),
        "SpeechAudioDone": record(
            "The last event.", "type usage", {"type": constant("speech.audio.done"), "usage": no_tokens}
        ),
        "SpeechEvents": {
            "description": "The `data:` of each event; after the last one comes `data: [DONE]`.",
            "oneOf": [reference("SpeechAudioDelta"), reference("SpeechAudioDone")],
        },
        "TranscriptTextDelta": record(
            "More text, to be appended to what came before.",
            "type delta",
            {"type": constant("transcript.text.delta"), "delta": text("The text."), "logprobs": logprobs},
        ),
        "TranscriptTextDone": record(
            "The last event.",
            "type text",
            {
                "type": constant("transcript.text.done"),
                "text": whole,
                "languages": many(reference("LanguageCode"), "Where the provider tells."),
                "logprobs": logprobs,
                "usage": reference("TokenUsage"),
            },
        ),
        "TranscriptionEvents": {
            "description": "The `data:` of each event; after the last one comes `data: [DONE]`. With "
            "`diarized_json`, segments come in place of deltas.",
            "oneOf": [reference(name) for name in ("TranscriptTextDelta", "DiarizedSegment", "TranscriptTextDone")],
        },
    }


# ---------------------------------------------------------------- models and voices
def _listings() -> dict[str, Schema]:
    def listing(name: str) -> Schema:
        data = many(reference(name), "All of them; there are no pages.")
        return record("A list.", "object data", {"object": constant("list"), "data": data})

    voices = listing("Voice")
    named = record(
        "A voice by its name.", "id name", {"id": text("What to send as `voice`."), "name": text("For people.")}
    )
    voices["properties"]["voices"] = many(named, "The same voices again, for clients that read them here.")
    voices["required"] = [*voices["required"], "voices"]
    return {"Model": _model(), "ModelList": listing("Model"), "Voice": _voice(), "VoiceList": voices}


def _model() -> Schema:
    limits = {
        "max_bytes": or_null(integer("Of the file.")),
        "max_seconds": or_null(number("Of the audio.")),
        "max_characters": or_null(integer("Of the text.")),
    }
    prices = {
        "usd_per_million_characters": text("Of `input`, in decimal dollars."),
        "usd_per_minute": text("Of audio, in decimal dollars."),
    }
    word = {"type": "string"}
    return record(
        "A model of the catalogue. The first four fields are OpenAI's.",
        "id object created owned_by endpoints voices response_formats languages capabilities limits price",
        {
            "id": text("What requests name as `model`."),
            "object": constant("model"),
            "created": integer("Unix seconds. The same for all: the catalogue does not know it."),
            "owned_by": text("The id of its provider in the catalogue."),
            "endpoints": many(words(ENDPOINTS, "An endpoint."), "What it serves."),
            "voices": or_null(many(word, "Names that the catalogue maps; null if all names are passed on.")),
            "response_formats": many(word, "All that may be asked for, speech formats and transcript formats."),
            "languages": or_null(many(word, "ISO-639-1 codes that it understands; null for any.")),
            "capabilities": many(words(CAPABILITIES, "A capability."), "What it can do."),
            "limits": record("Null where there is none.", " ".join(limits), limits),
            "price": record("What the caller pays.", "", prices),
        },
    )


def _voice() -> Schema:
    fields = {
        "id": text("What requests name as `voice`."),
        "object": constant("audio.voice"),
        "name": text("For people."),
        "language": or_null(text("BCP-47, where it is known.")),
        "gender": or_null(text("`male`, `female` or `neutral`, where it is known.")),
        "openai_name": or_null(words(OPENAI_VOICES, "The same as `id` where that is one of OpenAI's names.")),
    }
    fields["openai_name"]["enum"] = [*OPENAI_VOICES, None]
    return record("A voice.", " ".join(fields), fields)


# ---------------------------------------------------------------- errors
def _redirect() -> Schema:
    return record(
        "The body of a 303, for clients that do not follow it.",
        "object message location",
        {
            "object": constant("redirect"),
            "id": text("The job that the request has become, if it has."),
            "message": text("What to do."),
            "location": text("Where the answer is, or will be: as in the header of this name."),
        },
    )


def _health() -> Schema:
    return record("That the service is up.", "object status", {"object": constant("health"), "status": constant("ok")})


def _error() -> Schema:
    error = record(
        "All four fields are always there.",
        "message type param code",
        {
            "message": text("What is wrong and what to do about it. For people: it may change."),
            "type": text("The kind of error."),
            "param": or_null(text("The request field at fault.")),
            "code": or_null(text("The error by name, for programs.")),
        },
    )
    return record("Every error, whatever its status.", "error", {"error": error})
