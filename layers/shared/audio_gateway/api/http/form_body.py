"""The body of a transcription or translation: a form or, without a file, a JSON object with the same fields.

A JSON body has JSON's types: numbers are numbers, arrays are arrays. Both kinds of body give the same `MultipartForm`,
so the fields are read and checked in one place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from audio_gateway.api.http.fields import refuse_surrogates
from audio_gateway.api.http.json_body import read_object
from audio_gateway.api.http.multipart import FormPart, MultipartForm, parse_form
from audio_gateway.errors import InvalidRequest

_TEXTS: Final = frozenset({"model", "upload_id", "file_url", "response_format", "language", "prompt"})
_NUMBERS: Final = frozenset({"temperature"})
_FLAGS: Final = frozenset({"stream", "background"})
_ARRAYS: Final = frozenset({
    "languages", "keywords", "timestamp_granularities", "include", "known_speaker_names", "known_speaker_references",
})  # fmt: skip
_OBJECTS: Final = frozenset({"chunking_strategy"})


def read_form(content_type: str | None, body: bytes) -> MultipartForm:
    """The fields of a request.

    Raises `UnsupportedContentType` for another type of body, `InvalidRequest` for one that is malformed.
    """
    if (content_type or "").split(";", 1)[0].strip().lower() != "application/json":
        return parse_form(content_type, body)
    return MultipartForm(
        [part for name, value in read_object(content_type, body).items() for part in _parts(name, value)]
    )


def _parts(name: str, value: Any) -> Iterator[FormPart]:
    """A field as the parts that it would be in a form; null counts as absent."""
    name = name.removesuffix("[]")
    if name == "file":
        message = (
            "'file' cannot be sent in a JSON body. Send it as multipart/form-data, or send 'upload_id' or 'file_url'."
        )
        raise InvalidRequest(message, param="file")
    if value is None:
        return
    if name in _ARRAYS:
        for each in _checked(name, value, "an array of strings", _is_texts):
            yield _part(f"{name}[]", each)
    elif name in _TEXTS:
        yield _part(name, _checked(name, value, "a string", _is_text))
    elif name in _NUMBERS:
        yield _part(name, json.dumps(_checked(name, value, "a number", _is_number)))
    elif name in _FLAGS:
        yield _part(name, json.dumps(_checked(name, value, "true or false", _is_flag)))
    elif name in _OBJECTS:
        _checked(name, value, "a string or an object", lambda given: isinstance(given, str | dict))
        yield _part(name, value if isinstance(value, str) else json.dumps(value))
    else:
        yield FormPart(name, "", None)  # unknown: it is reported as ignored


def _part(name: str, text: str) -> FormPart:
    refuse_surrogates(name.removesuffix("[]"), text)
    return FormPart(name, text, None)


def _checked(name: str, value: Any, kind: str, is_right: Callable[[Any], bool]) -> Any:
    if not is_right(value):
        raise InvalidRequest(f"'{name}' must be {kind} in a JSON body.", param=name)
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)
