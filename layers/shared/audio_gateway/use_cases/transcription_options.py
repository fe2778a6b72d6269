"""What a model can do of a transcription request. The rest is refused by name, or ignored if the catalogue says so."""

from __future__ import annotations

from typing import Final

from audio_gateway.catalog.models import Catalog, Model
from audio_gateway.errors import InvalidRequest, RequestTooLarge
from audio_gateway.transcripts.languages import code_of
from audio_gateway.use_cases.options import able, ignored_options, unsupported
from audio_gateway.use_cases.transcription_request import TranscriptionRequest

_GRANULARITIES: Final = "timestamp_granularities"


def check_options(request: TranscriptionRequest, model: Model, catalog: Catalog) -> frozenset[str]:
    """Returns the names of the options that will be ignored.

    Raises:
        InvalidRequest: the model cannot do something that was asked for.
        RequestTooLarge: the file is larger than the model takes.
    """
    endpoint, options = request.endpoint, request.options
    _check_format(request, model, catalog)
    if model.max_bytes is not None and len(request.data) > model.max_bytes:
        message = f"The file has {len(request.data):,} bytes; the model '{model.id}' takes {model.max_bytes:,}."
        message += " Compress it (opus or mp3, mono), or send it with background=true or in parts."
        raise RequestTooLarge(message, param=request.audio_field)
    ignored = ignored_options(options.requested_fields(), model, endpoint, catalog)
    without_effect = {_GRANULARITIES} if request.granularities and request.response_format != "verbose_json" else set()
    return ignored | without_effect | _check_language(options.language, model)


def check_granularities(request: TranscriptionRequest, model: Model) -> None:
    """Raises `InvalidRequest` if times are asked for in a format that has none, of a model that has times.

    A model without times takes the field and ignores it, as OpenAI's do: widely used clients always send it.
    """
    if not request.granularities or request.response_format == "verbose_json":
        return
    if model.capabilities.isdisjoint({"words", "segments"}) or _GRANULARITIES in model.ignore:
        return
    message = "'timestamp_granularities[]' requires response_format=verbose_json."
    raise InvalidRequest(message, param=_GRANULARITIES)


def _check_format(request: TranscriptionRequest, model: Model, catalog: Catalog) -> None:
    wanted, endpoint = request.response_format, request.endpoint
    if wanted not in model.response_formats:
        others = tuple(
            m.id for m in catalog.models.values() if endpoint in m.endpoints and wanted in m.response_formats
        )
        raise unsupported("response_format", model, others, wanted)
    if request.want_words and "words" not in model.capabilities:
        raise unsupported("timestamp_granularities", model, able(("words",), endpoint, catalog), "word")


def _check_language(language: str | None, model: Model) -> frozenset[str]:
    if language is None or model.languages is None or not {language, code_of(language)}.isdisjoint(model.languages):
        return frozenset()
    if "language" in model.ignore:
        return frozenset({"language"})
    known = ", ".join(model.languages)
    message = f"The model '{model.id}' understands {known} only, not '{language}'."
    raise InvalidRequest(message, param="language", code="unsupported_value")
